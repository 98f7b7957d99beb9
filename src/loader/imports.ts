import { posix } from "node:path";
import { DL_INTERFACE, DlError, failDl } from "../dlopen/interface.js";
import type { DlPlan, PlannedLoad } from "../dlopen/plan.js";
import type { DlState } from "../dlopen/state.js";
import { shortened } from "../shortened.js";
import type { LoaderHost } from "./instantiate.js";
import { DlLoader, type OpenFlags } from "./loader.js";
import type { LibrarySource } from "./source.js";

/** Something that could not be done, as `dlerror` says it. */
export interface DlFailure {
  readonly call: "open" | "symbol" | "close";
  /** What was asked for. */
  readonly name: string;
  readonly error: string;
  /** What to do about it, where that can be told. */
  readonly hint?: string;
}

/** A guest can ask without end: the first ones say what is wrong. */
const MAX_FAILURES = 1000;

/** As for paths: what a plan repeats has an end. */
const MAX_NAME = 4096;

/** @throws DlError */
function checkedName(name: string): string {
  return name.length > MAX_NAME
    ? failDl(`Error loading shared library ${shortened(name, 100)}: File name too long`)
    : name;
}

/** The guest's way to the loader: `component-init:dlopen/dl`. */
export class DlImports {
  readonly failures: DlFailure[] = [];
  /** How many more there were. */
  failuresOmitted = 0;
  #loader: DlLoader | undefined;

  constructor(
    private readonly host: LoaderHost,
    private readonly source: LibrarySource,
    private readonly plan: DlPlan | undefined,
  ) {}

  /** By interface, as the host takes what it provides. */
  get imports(): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
    return {
      [DL_INTERFACE]: {
        open: (name: string, flags: OpenFlags) =>
          this.#try("open", name, () => this.#loaderOf().open(checkedName(name), undefined, flags)),
        openBytes: (name: string, bytes: Uint8Array, flags: OpenFlags) =>
          // A view of the guest's memory would change.
          this.#try("open", name, () => this.#loaderOf().open(checkedName(name), bytes.slice(), flags)),
        symbol: (handle: number, name: string) =>
          this.#try("symbol", name, () => this.#loaderOf().symbol(handle, name)),
        close: (handle: number) => this.#try("close", String(handle), () => this.#loaderOf().close(handle)),
      },
    };
  }

  /** To be asked when the guest runs no more: whatever it could still look up gets a table index. */
  state(): DlState {
    const loader = this.#loaderIfAny();
    if (loader === undefined) return { program: undefined, libraries: [], lookup: { libraries: [], lastHandle: 0 } };
    loader.checkDone();
    return { program: loader.program.items, libraries: loader.openLibraries(), lookup: loader.lookup() };
  }

  /** It has been said already to whoever has opened something that there is no program. */
  #loaderIfAny(): DlLoader | undefined {
    try {
      return this.#loaderOf();
    } catch (error) {
      if (error instanceof DlError) return undefined;
      throw error;
    }
  }

  /** What the loader did. */
  get loads(): readonly PlannedLoad[] {
    return this.#loader?.loads ?? [];
  }

  /** The program is there when it calls for the first time, if not before. */
  #loaderOf(): DlLoader {
    this.#loader ??= new DlLoader(this.host, this.source, this.plan);
    return this.#loader;
  }

  #note(call: DlFailure["call"], name: string, { message, notFound }: DlError): void {
    if (this.failures.length >= MAX_FAILURES) {
      this.failuresOmitted++;
      return;
    }
    const hint = this.#hint(notFound);
    const failure = { call, name: shortened(name), error: shortened(message) };
    this.failures.push(hint === undefined ? failure : { ...failure, hint: shortened(hint) });
  }

  #hint(notFound: readonly string[]): string | undefined {
    for (const name of notFound) {
      const path = this.source.elsewhere(name);
      if (path === undefined) continue;
      const search = `--env LD_LIBRARY_PATH=${posix.dirname(path)}`;
      return `${path} is there, and names without a directory are looked for in LD_LIBRARY_PATH and -L only: ${search}`;
    }
    return undefined;
  }

  /** What is thrown and no `Error` is the error case of the result, by jco's conventions. */
  #try<T>(call: DlFailure["call"], name: string, perform: () => T): T {
    try {
      return perform();
    } catch (error) {
      if (!(error instanceof DlError)) throw error;
      this.#note(call, name, error);
      throw error.message;
    }
  }
}
