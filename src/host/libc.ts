import { DEINITIALIZE_ENVIRON, RESET_PREOPENS } from "../instrument/libc.js";
import type { InstrumentedModule } from "../instrument/model.js";
import { PREVIEW1 } from "../instrument/preview1.js";
import type { Forgotten } from "./forgotten.js";
import type { InitializedInstance } from "./initialized-instance.js";

/** A core instance that still knows the numbers of preopens, or may. */
export interface Remembering {
  /** Position of the instance. */
  readonly instance: number;
  /** Whether its memory tells, so that whoever initializes the output finds it again. */
  readonly isFound: boolean;
}

/** The memories in which preopens are forgotten. */
type ForgottenIn = ReadonlySet<WebAssembly.Memory | undefined>;

const FIRST_PREOPEN = 3;

/**
 * Sees what C libraries keep of the host in the guest's memory, and makes them forget it: the numbers of preopens, which
 * in the output may be others, so that a path would lead into a wrong directory.
 */
export class LibcWatch {
  /** Core instances that were given preopens. */
  private readonly given = new Set<number>();

  /** What an instance is given, so that it is seen when it asks for preopens and its memory would not tell. */
  watch(imports: WebAssembly.Imports, { libc }: InstrumentedModule, instance: number): WebAssembly.Imports {
    const ask = imports[PREVIEW1]?.fd_prestat_get;
    if (libc.preopens === undefined || libc.preopens.populated !== undefined || typeof ask !== "function")
      return imports;
    const watched = (descriptor: number, result: number): number => {
      const errno = (ask as (descriptor: number, result: number) => number)(descriptor, result);
      if (errno === 0) this.given.add(instance);
      return errno;
    };
    return { ...imports, [PREVIEW1]: { ...imports[PREVIEW1], fd_prestat_get: watched } };
  }

  /**
   * Calls the functions that C libraries have for it. To be called when initialization has ended, where code of the guest
   * can run.
   */
  callLibraries(instances: readonly InitializedInstance[], forget: readonly Forgotten[]): ForgottenIn {
    // A linked program asks for preopens in one instance, and another one, in the same memory, is the C library.
    const forgetful = new Set<WebAssembly.Memory | undefined>();
    for (const instance of instances) {
      if (forget.includes("environ")) callIfOwn(instance, DEINITIALIZE_ENVIRON);
      if (forget.includes("preopens") && callIfOwn(instance, RESET_PREOPENS)) forgetful.add(memoryOf(instance));
    }
    return forgetful;
  }

  /**
   * Empties tables of preopens where no function has done it.
   *
   * @returns the instances that remember all the same
   */
  clearTables(
    instances: readonly InitializedInstance[],
    forget: readonly Forgotten[],
    forgetful: ForgottenIn,
  ): Remembering[] {
    return instances.flatMap((instance, position): Remembering[] => {
      const { preopens } = instance.module.libc;
      if (preopens === undefined || forgetful.has(memoryOf(instance))) return [];
      if (preopens.populated === undefined) {
        return preopens.kept || this.given.has(position) ? [{ instance: position, isFound: false }] : [];
      }
      const table = findTable(memoryOf(instance), preopens.populated);
      if (table === "forgotten") return [];
      if (table === "unknown" || !forget.includes("preopens")) return [{ instance: position, isFound: true }];
      table.clear();
      return [];
    });
  }
}

/** What is to be said of an instance that remembers. */
export function rememberingWarning({ module, info }: InitializedInstance, position: number): string {
  const advice = module.libc.foreign.has(RESET_PREOPENS)
    ? `so let it open none, as the ${RESET_PREOPENS} that it exports is not wasi-libc's`
    : `so let it export ${RESET_PREOPENS} or open none`;
  return (
    `core instance ${info.name ?? position} keeps the numbers that directories had while initializing: where there are others at ` +
    `run time it may open wrong files by their paths, ${advice}`
  );
}

function callIfOwn({ exports, module }: InitializedInstance, name: string): boolean {
  if (!module.libc.own.has(name)) return false;
  (exports[name] as () => void)();
  return true;
}

/** The static variables of wasi-libc's preopens.c, as they come to lie around `preopens_populated`. */
const LAYOUT = { count: -8, table: -4, capacity: 4, end: 8 };
const ENTRY = { prefix: 0, descriptor: 4, size: 8 };
const START_CAPACITY = 4;

interface PreopenTable {
  /** What `__wasilibc_reset_preopens` does, but for freeing what the table holds. */
  clear(): void;
}

/**
 * wasi-libc's table of preopens, where all that is there is as it must be: with another layout nothing is known of it.
 * One that is not filled, or empty, keeps nothing.
 */
function findTable(memory: WebAssembly.Memory | undefined, populated: number): PreopenTable | "forgotten" | "unknown" {
  if (memory === undefined) return "unknown";
  const view = new DataView(memory.buffer);
  if (populated + LAYOUT.count < 0 || populated + LAYOUT.end > view.byteLength) return "unknown";
  if (view.getUint8(populated) === 0) return "forgotten";
  if (view.getUint8(populated) !== 1 || !isTable(view, populated)) return "unknown";
  return {
    clear() {
      view.setUint8(populated, 0);
      view.setUint32(populated + LAYOUT.count, 0, true);
    },
  };
}

function isTable(view: DataView, populated: number): boolean {
  const word = (address: number) => view.getUint32(address, true);
  const table = word(populated + LAYOUT.table);
  const capacity = word(populated + LAYOUT.capacity);
  const count = word(populated + LAYOUT.count);
  if (capacity === 0) return count === 0 && table === 0;
  if (count > capacity || !Number.isInteger(Math.log2(capacity / START_CAPACITY))) return false;
  if (table + capacity * ENTRY.size > view.byteLength) return false;
  for (let i = 0; i < count; i++) {
    const entry = table + i * ENTRY.size;
    if (word(entry + ENTRY.descriptor) !== FIRST_PREOPEN + i || word(entry + ENTRY.prefix) >= view.byteLength)
      return false;
  }
  return true;
}

/** Memory 0 of an instance. */
export function memoryOf({ module, exports, importedMemory }: InitializedInstance): WebAssembly.Memory | undefined {
  const own = module.state.memories.find(({ index }) => index === 0);
  return own === undefined ? importedMemory : (exports[own.exportName] as WebAssembly.Memory);
}
