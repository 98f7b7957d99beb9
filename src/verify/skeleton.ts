import { encodeComponent } from "../component/encode.js";
import type { Component } from "../component/model.js";
import { decodeDefinition } from "../instrument/module.js";
import { encodeModule } from "../module/encode.js";
import { skeleton } from "../module/skeleton.js";

/** A component without bodies of functions and contents of data segments, which are checked by other means. */
export function skeletonOf(component: Component): Uint8Array {
  return encodeComponent(component, (module) => encodeModule(skeleton(decodeDefinition(module))).toChunks()).toBytes();
}
