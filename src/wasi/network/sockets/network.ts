import { type HandleOrigin, Resource } from "../../handles.js";
import type { IoError } from "../../io-error.js";
import { type SocketError, socketErrorOf } from "../failure.js";
import type { NetworkContext } from "../network-context.js";

/** There is one network, and what may be reached through it is the host's to say. */
export class Network extends Resource {
  constructor({ handles }: NetworkContext, origin: HandleOrigin) {
    super(handles, { type: "network", interface: "wasi:sockets/network" }, origin);
  }
}

export function createNetworkInterfaces(context: NetworkContext) {
  return {
    "wasi:sockets/instance-network": {
      instanceNetwork: () => new Network(context, { createdBy: "wasi:sockets/instance-network#instance-network" }),
    },
    "wasi:sockets/network": {
      Network,
      // Unstable in WASI 0.2.x (feature network-error-code).
      networkErrorCode: ({ network }: IoError): SocketError | undefined => network && socketErrorOf(network),
    },
  };
}
