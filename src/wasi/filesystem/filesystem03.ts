import type { HostContext } from "../context.js";
import { Descriptor03 } from "./descriptor03.js";
import type { OpenNode } from "./open-node.js";

/** @param preopened - opens all mounts */
export function createFilesystem03(context: HostContext, preopened: () => [OpenNode, string][]) {
  const getDirectories = (): [Descriptor03, string][] =>
    preopened().map(([open, guest]) => [
      new Descriptor03(context, open, "wasi:filesystem/preopens@0.3#get-directories"),
      guest,
    ]);
  return {
    "wasi:filesystem/types@0.3": { Descriptor: Descriptor03 },
    "wasi:filesystem/preopens@0.3": { getDirectories },
  };
}
