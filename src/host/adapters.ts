import { STATE_MAGIC } from "../instrument/preview1-adapter.js";
import type { InitializedInstance } from "./initialized-instance.js";

/**
 * Whether an instance is an adapter from preview 1 that the output starts afresh: what it keeps of the host, the numbers
 * of streams and directories, is then not what it had while initializing.
 */
export function startsAfresh({ module, importedMemory, initialGlobals }: InitializedInstance): boolean {
  if (module.preview1Adapter !== "known") return false;
  // Another tool may have initialized the component before, and have left the adapter in the middle of its life.
  const values = [...initialGlobals.values()];
  return !(values.includes(STATE_ALLOCATED) && values.some((value) => isState(importedMemory, value >>> 0)));
}

/** The last value of the adapter's `allocation_state`. */
const STATE_ALLOCATED = 4;

/** What is to be said of an adapter that stays as it is, and may know of the host what is not so in the output. */
export function adapterWarning(instance: InitializedInstance, position: number): string[] {
  const { module, info } = instance;
  if (module.preview1Adapter !== "similar" || !hasState(instance)) return [];
  return [
    `core instance ${info.name ?? position}, an adapter from WASI preview 1, is none that is known: it keeps the numbers ` +
      "that streams and directories had while initializing, and may reach others by them",
  ];
}

function hasState({ module, exports, initialGlobals }: InitializedInstance): boolean {
  const { globals, memories } = module.state;
  const isChanged = ({ index, exportName }: (typeof globals)[number]) =>
    (exports[exportName] as WebAssembly.Global).value !== initialGlobals.get(index);
  return memories.length > 0 || globals.some((one) => one.type !== "i32" || isChanged(one));
}

function isState(memory: WebAssembly.Memory | undefined, pointer: number): boolean {
  if (memory === undefined || pointer === 0 || pointer + 4 > memory.buffer.byteLength) return false;
  return new DataView(memory.buffer).getUint32(pointer, true) === STATE_MAGIC;
}

/** Knows whether it is an adapter that calls the host at the moment, and not the program that it serves. */
export class AdapterCalls {
  #depth = 0;

  readonly isCalling = (): boolean => this.#depth > 0;

  /**
   * What an adapter is given, so that it is seen when it calls.
   *
   * @param counts - whether its calls count, which is known when it has been instantiated
   */
  watch(imports: WebAssembly.Imports, counts: () => boolean): WebAssembly.Imports {
    const watched = Object.entries(imports).map(([from, items]) => {
      // The program's own functions, its allocator for one.
      if (from === "__main_module__") return [from, items];
      const functions = Object.entries(items).map(([name, item]) => {
        return [name, typeof item === "function" ? this.#watched(item as HostFunction, counts) : item];
      });
      return [from, Object.fromEntries(functions)];
    });
    return Object.fromEntries(watched);
  }

  #watched(call: HostFunction, counts: () => boolean): HostFunction {
    return (...args) => {
      if (!counts()) return call(...args);
      this.#depth++;
      try {
        return call(...args);
      } finally {
        this.#depth--;
      }
    };
  }
}

type HostFunction = (...args: unknown[]) => unknown;
