import { ByteWriter } from "../binary/writer.js";

/**
 * As the only definition of another component: what wasm-tools makes of the root has to be expressible in WIT, which
 * knows no exported core modules or components.
 */
export function wrapped(component: Uint8Array): Uint8Array {
  const header = component.subarray(0, 8);
  return new ByteWriter().bytes(header).section(COMPONENT_SECTION, new ByteWriter().bytes(component)).toBytes();
}

/** Component-model Binary.md: a nested component. */
const COMPONENT_SECTION = 4;
