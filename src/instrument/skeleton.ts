import { decodeComponent } from "../component/decode.js";
import { encodeComponent } from "../component/encode.js";
import { encodeModule } from "../module/encode.js";
import { skeleton } from "../module/skeleton.js";
import { decodeDefinition } from "./module.js";

/**
 * A component without what jco's bindgen does not read: bodies of functions and contents of data segments. The glue
 * comes out the same, in a tenth of the time for a module of 10 MB.
 */
export function skeletonOf(bytes: Uint8Array): Uint8Array {
  const component = decodeComponent(bytes);
  return encodeComponent(component, (module) => encodeModule(skeleton(decodeDefinition(module))).toChunks()).toBytes();
}
