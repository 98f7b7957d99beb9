import type { HostContext } from "./context.js";
import { Resource } from "./handles.js";

/** A network that leads nowhere. */
class Network extends Resource {
  constructor({ handles }: HostContext) {
    const createdBy = "wasi:sockets/instance-network#instance-network";
    super(handles, { type: "network", interface: "wasi:sockets/network" }, { createdBy });
  }
}

/**
 * `instance-network` has no way to fail, and programs call it before the functions that do. So, as in Wasmtime, a guest
 * without the network gets a handle, and `access-denied` where it wants to use it.
 */
export function createNoNetwork(context: HostContext) {
  return {
    "wasi:sockets/instance-network": { instanceNetwork: () => new Network(context) },
    // WIT: an `error` that is not a network error has no code, and here no error is one.
    "wasi:sockets/network": { Network, networkErrorCode: () => undefined },
  };
}
