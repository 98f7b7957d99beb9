import type { InitializedInstance } from "../host/initialize.js";
import type { GlobalValue } from "./model.js";

/**
 * wit-component's adapter from WASI preview 1 keeps descriptors of the host in a state that it allocates on first use.
 * In the output those descriptors do not exist, so the adapter has to start afresh: its globals get the values that they
 * had before its first use. What it had allocated stays allocated and is zeroed.
 */

/** Both the adapter's state and its stack are one page (`PAGE_SIZE` of wasi-preview1-component-adapter). */
const ADAPTER_PAGE = 65536;

/** `MAGIC`, the first field of the adapter's `State`. */
const STATE_MAGIC = 0x21686775;

const STATE_POINTER = "internal_state_ptr";
const STACK_POINTER = "__stack_pointer";

/**
 * The globals as they were right after the adapter's own instantiation. With an allocator in the main module these are
 * the input's values; without one the adapter has a start function that allocates its stack, which does not run again.
 */
export function adapterGlobals({ initialGlobals }: InitializedInstance): GlobalValue[] {
  return [...initialGlobals].map(([index, value]) => {
    const bits = new Uint8Array(4);
    new DataView(bits.buffer).setInt32(0, value, true);
    return { index, bits };
  });
}

export function zeroAdapterMemory(instance: InitializedInstance): void {
  const memory = instance.importedMemory;
  if (memory === undefined) return;
  const bytes = new Uint8Array(memory.buffer);
  const state = readGlobal(instance, STATE_POINTER) ?? 0;
  if (state > 0 && isState(bytes, state)) bytes.fill(0, state, state + ADAPTER_PAGE);
  const stackTop = readGlobal(instance, STACK_POINTER) ?? 0;
  if (stackTop >= ADAPTER_PAGE && stackTop <= bytes.length) bytes.fill(0, stackTop - ADAPTER_PAGE, stackTop);
}

function isState(bytes: Uint8Array, pointer: number): boolean {
  if (pointer + ADAPTER_PAGE > bytes.length) return false;
  return new DataView(bytes.buffer).getUint32(pointer, true) === STATE_MAGIC;
}

function readGlobal({ module, exports }: InitializedInstance, name: string): number | undefined {
  const global = module.state.globals.find((one) => one.name === name);
  return global && ((exports[global.exportName] as WebAssembly.Global).value as number) >>> 0;
}
