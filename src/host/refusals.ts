import { stackOf, withDeepStack } from "../deep-stack.js";
import { ComponentInitError } from "../errors.js";
import { shortened } from "../shortened.js";
import { parseWasmFrame, stackFrames, type WasmFrame } from "../stack-frames.js";
import { formatFrame } from "./failure.js";
import type { Hint } from "./hints.js";

/** An import that the guest called without having it, or without being allowed to do what it wanted. */
export interface RefusedImport {
  /** As the component names it: `wasi:sockets/tcp-create-socket@0.2.0#create-tcp-socket`. */
  readonly import: string;
  /** The directory that is read-only, where that was the reason. */
  readonly path?: string;
  readonly count: number;
}

interface Denied {
  readonly what: Omit<RefusedImport, "count">;
  readonly answer: string;
  readonly grant: string;
  readonly stack: string;
  count: number;
}

/** Enough to get from libc's wrapper to the program. */
const FRAMES = 5;

/** A component may import any number of functions. */
const MAX_DESCRIBED = 20;

/** wit-component's own modules, which stand between the program and a preview 1 function's import. */
const BETWEEN = /^wit-component([-:]|$)/;

/** What the guest called and was not granted, in one run. */
export class Refusals {
  readonly #denied = new Map<string, Denied>();

  /** @param interrupt - told of what ends the guest, because a guest compiled with exceptions can catch what is thrown */
  constructor(private readonly interrupt: (error: Error) => void) {}

  /** Fails a call the way its interface has for that. The guest goes on. */
  deny(name: string, grant: string, error: unknown): never {
    this.#note({ import: name }, labelOf(error), grant);
    throw error;
  }

  /** Notes that a change in a directory was refused. */
  noteReadOnly(path: string): void {
    this.#note({ import: "wasi:filesystem/types", path }, "read-only", `--dir HOST::${path}::rw, or ::overlay`);
  }

  #note(what: Denied["what"], answer: string, grant: string): void {
    const key = JSON.stringify(what);
    const known = this.#denied.get(key);
    if (known !== undefined) known.count++;
    else {
      const isDescribed = this.#denied.size < MAX_DESCRIBED;
      const stack = isDescribed ? stackOf(withDeepStack(() => new Error())) : "";
      this.#denied.set(key, { what, answer, grant, stack, count: 1 });
    }
  }

  /** Ends the guest at a call that has no way to fail. */
  trap(message: string): never {
    const error = withDeepStack(() => new ComponentInitError("not-granted", message));
    this.interrupt(error);
    throw error;
  }

  /** What the guest was denied and survived. */
  list(): RefusedImport[] {
    return [...this.#denied.values()].map(({ what, count }) => ({ ...what, import: shortened(what.import), count }));
  }

  /**
   * For the lines below the message of an initialization that failed, perhaps for one of them.
   *
   * @param choose - those that it can have failed for
   */
  describe(choose: (denied: readonly Hint[]) => readonly Hint[]): string[] {
    const chosen = choose([...this.#denied.values()].map(hintOf));
    if (chosen.length === 0) return [];
    const more = chosen.length - MAX_DESCRIBED;
    const rest = more > 0 ? [`  … ${more} more imports`] : [];
    return ["not granted:", ...chosen.slice(0, MAX_DESCRIBED).flatMap(({ lines }) => lines), ...rest];
  }

  /** Whether the guest has found a directory that it could not change. */
  get hasReadOnly(): boolean {
    return [...this.#denied.values()].some(({ what }) => what.path !== undefined);
  }
}

/** What programs say that could not change a file. */
const CHANGES =
  /read-?only|EROFS|permi(ssion|t)|denied|writ(e|ing|able)|creat|sav(e|ing)|mkdir|remov|delet|renam|lock/i;

/** ... or were denied anything else. */
const DENIAL = "permi(ssion|t)|denied|access|EACCES|EPERM|not allowed|forbidden";
const NETWORK = "network|connect|socket|address|resolv|lookup|dns|host|listen|bind|tcp|udp|http|request|fetch|url";

/** The network, or what the interface is called: `wasi:keyvalue/store`. */
function subjectOf(name: string): RegExp {
  const [, namespace = "", item = ""] = /^([^/]*)\/?([^@#]*)/.exec(name) ?? [];
  const named = `${namespace.replace(/^.*:/, "")} ${item}`.match(/[a-z]{4,}/g) ?? [];
  const words = /^wasi:(sockets|http)$/.test(namespace) ? [NETWORK] : named;
  return new RegExp([DENIAL, ...words].join("|"), "i");
}

function hintOf(denied: Denied): Hint {
  const { import: name, path } = denied.what;
  return { lines: describe(denied), subject: path === undefined ? subjectOf(shortened(name)) : CHANGES };
}

function describe({ what, answer, grant, stack, count }: Denied): string[] {
  const times = count === 1 ? "" : ` to each of ${count} calls`;
  const where = what.path === undefined ? "" : ` in ${what.path}`;
  return [
    `  ${shortened(what.import)}${where} answered ${answer}${times} (grant it with ${shortened(grant)})`,
    ...framesOfProgram(stack).slice(0, FRAMES).map(formatFrame).map(indent),
  ];
}

function framesOfProgram(stack: string): WasmFrame[] {
  const frames = stackFrames(stack).flatMap((frame) => parseWasmFrame(frame) ?? []);
  return frames.filter(({ module = "" }) => !BETWEEN.test(module));
}

function labelOf(error: unknown): string {
  return typeof error === "string" ? error : (error as { tag: string }).tag;
}

function indent(line: string): string {
  return `  ${line}`;
}
