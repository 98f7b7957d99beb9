import { checkEngine } from "./check-engine.js";
import { checkComponent, checkOptions } from "./check-options.js";
import {
  type Preinitialized,
  type PreinitializeOptions,
  preinitializeToChunks as preinitializeHere,
} from "./preinitialize.js";

/**
 * Runs a component's initialization and writes a component that starts initialized.
 *
 * @param bytes - the component; not changed
 * @throws ComponentInitError
 */
export async function preinitialize(
  bytes: Uint8Array,
  options: PreinitializeOptions = {},
): Promise<{ component: Uint8Array; report: Preinitialized["report"] }> {
  const { chunks, report } = await preinitializeToChunks(bytes, options);
  return { component: Buffer.concat(chunks), report };
}

/** Like {@link preinitialize}, for outputs that are too large to hold twice. */
export async function preinitializeToChunks(
  bytes: Uint8Array,
  options: PreinitializeOptions = {},
): Promise<Preinitialized> {
  checkEngine();
  checkComponent(bytes);
  checkOptions(options);
  const { isolate, timeout } = options;
  if (!(isolate ?? timeout !== undefined)) return preinitializeHere(bytes, options);
  const { preinitializeIsolated } = await import("./isolate/isolated.js");
  return preinitializeIsolated(bytes, options);
}
