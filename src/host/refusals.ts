import { ComponentInitError } from "../errors.js";
import { guestFrames } from "./failure.js";
import { withDeepStack } from "./stack.js";

/** An import that the guest called without having it. */
export interface RefusedImport {
  /** As the component names it: `wasi:sockets/tcp-create-socket@0.2.0#create-tcp-socket`. */
  readonly import: string;
  readonly count: number;
}

interface Denied {
  readonly answer: string;
  readonly grant: string;
  readonly stack: string;
  count: number;
}

/** Enough to get from libc's wrapper to the program. */
const FRAMES = 5;

/** What the guest called and was not granted, in one run. */
export class Refusals {
  readonly #denied = new Map<string, Denied>();

  /** @param interrupt - told of what ends the guest, because a guest compiled with exceptions can catch what is thrown */
  constructor(private readonly interrupt: (error: Error) => void) {}

  /** Fails a call the way its interface has for that. The guest goes on. */
  deny(name: string, grant: string, error: unknown): never {
    const known = this.#denied.get(name);
    if (known !== undefined) known.count++;
    else {
      const { stack = "" } = withDeepStack(() => new Error());
      this.#denied.set(name, { answer: labelOf(error), grant, stack, count: 1 });
    }
    throw error;
  }

  /** Ends the guest at a call that has no way to fail. */
  trap(message: string): never {
    const error = withDeepStack(() => new ComponentInitError("not-granted", message));
    this.interrupt(error);
    throw error;
  }

  /** What the guest was denied and survived. */
  list(): RefusedImport[] {
    return [...this.#denied].map(([name, { count }]) => ({ import: name, count }));
  }

  /** For the lines below the message of an initialization that failed, perhaps for that. */
  describe(): string[] {
    if (this.#denied.size === 0) return [];
    return ["not granted:", ...[...this.#denied].flatMap(([name, denied]) => describe(name, denied))];
  }
}

function describe(name: string, { answer, grant, stack, count }: Denied): string[] {
  const times = count === 1 ? "" : ` to each of ${count} calls`;
  return [`  ${name} answered ${answer}${times} (grant it with ${grant})`, ...guestFrames(stack, FRAMES).map(indent)];
}

function labelOf(error: unknown): string {
  return typeof error === "string" ? error : (error as { tag: string }).tag;
}

function indent(line: string): string {
  return `  ${line}`;
}
