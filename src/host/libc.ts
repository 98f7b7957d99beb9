import { PRESTAT } from "../instrument/libc.js";
import type { InitializedInstance } from "./initialized-instance.js";

/** wasi/libc.h: "Forget the preopens", to look for them again when a path is next opened. */
const RESET_PREOPENS = "__wasilibc_reset_preopens";

/** wasi/libc-environ.h: to read the environment again when a variable is next asked for. */
const DEINITIALIZE_ENVIRON = "__wasilibc_deinitialize_environ";

const FIRST_PREOPEN = 3;

/**
 * Sees what C libraries keep of the host in the guest's memory, and makes them forget it: the numbers of preopens, which
 * in the output may be others, so that a path would lead into a wrong directory.
 */
export class LibcWatch {
  /** By core instance: how many preopens it has found. */
  private readonly preopens = new Map<number, number>();

  /** What an instance is given, so that it is seen when it asks for preopens. */
  watch(imports: WebAssembly.Imports, instance: number): WebAssembly.Imports {
    const ask = imports[PRESTAT.module]?.[PRESTAT.name];
    if (typeof ask !== "function") return imports;
    const watched = (descriptor: number, result: number): number => {
      const errno = (ask as (descriptor: number, result: number) => number)(descriptor, result);
      // Libraries count up until there are no more, and some do so again.
      const before = descriptor === FIRST_PREOPEN ? 0 : (this.preopens.get(instance) ?? 0);
      this.preopens.set(instance, before + (errno === 0 ? 1 : 0));
      return errno;
    };
    return { ...imports, [PRESTAT.module]: { ...imports[PRESTAT.module], [PRESTAT.name]: watched } };
  }

  /**
   * To be called when initialization has ended.
   *
   * @returns warnings about instances that cannot be made to forget
   */
  forget(instances: readonly InitializedInstance[]): string[] {
    // A linked program asks for preopens in one instance, and another one, in the same memory, is the C library.
    const forgetful = new Set<WebAssembly.Memory | undefined>();
    for (const instance of instances) {
      // A shared library exports all that it has, so this one tells nothing of what its user wants.
      if (!instance.module.libc.isShared) callIfExported(instance, DEINITIALIZE_ENVIRON);
      if (callIfExported(instance, RESET_PREOPENS)) forgetful.add(memoryOf(instance));
    }
    return instances.flatMap((instance, position) => {
      const found = this.preopens.get(position);
      if (found === undefined || forgetful.has(memoryOf(instance)) || clearTable(instance, found)) return [];
      return [warning(instance.info.name ?? String(position))];
    });
  }
}

function warning(instance: string): string {
  return (
    `core instance ${instance} keeps the numbers that directories had while initializing: where there are others at ` +
    `run time it may open wrong files by their paths, so let it export ${RESET_PREOPENS} or open none`
  );
}

function callIfExported({ exports }: InitializedInstance, name: string): boolean {
  const func = exports[name];
  if (typeof func !== "function" || func.length !== 0) return false;
  func();
  return true;
}

/** The static variables of wasi-libc's preopens.c, as they come to lie around `preopens_populated`. */
const LAYOUT = { count: -8, table: -4, capacity: 4, end: 8 };
const ENTRY = { prefix: 0, descriptor: 4, size: 8 };
const START_CAPACITY = 4;

/**
 * Empties wasi-libc's table of preopens as `__wasilibc_reset_preopens` does, but for freeing what it holds. Only where
 * all that is there is as it must be: with another layout nothing is written.
 */
function clearTable(instance: InitializedInstance, found: number): boolean {
  const populated = instance.module.libc.preopensPopulated;
  const memory = memoryOf(instance);
  if (populated === undefined || memory === undefined) return false;
  const view = new DataView(memory.buffer);
  if (populated + LAYOUT.count < 0 || populated + LAYOUT.end > view.byteLength) return false;
  // The guest may have emptied it itself.
  if (view.getUint8(populated) === 0) return true;
  if (view.getUint8(populated) !== 1 || !isTable(view, populated, found)) return false;
  view.setUint8(populated, 0);
  view.setUint32(populated + LAYOUT.count, 0, true);
  return true;
}

function isTable(view: DataView, populated: number, found: number): boolean {
  const word = (address: number) => view.getUint32(address, true);
  const table = word(populated + LAYOUT.table);
  const capacity = word(populated + LAYOUT.capacity);
  if (word(populated + LAYOUT.count) !== found) return false;
  if (found === 0) return table === 0 && capacity === 0;
  if (capacity < found || !Number.isInteger(Math.log2(capacity / START_CAPACITY))) return false;
  if (table + capacity * ENTRY.size > view.byteLength) return false;
  return Array.from({ length: found }, (_, i) => table + i * ENTRY.size).every(
    (entry, i) => word(entry + ENTRY.descriptor) === FIRST_PREOPEN + i && word(entry + ENTRY.prefix) < view.byteLength,
  );
}

/** Memory 0 of an instance. */
export function memoryOf({ module, exports, importedMemory }: InitializedInstance): WebAssembly.Memory | undefined {
  const own = module.state.memories.find(({ index }) => index === 0);
  return own === undefined ? importedMemory : (exports[own.exportName] as WebAssembly.Memory);
}
