import type { Family } from "../addresses.js";
import type { NetworkContext } from "../network-context.js";
import { createNameLookup03 } from "./lookup03.js";
import { TcpSocket03 } from "./tcp03.js";
import { UdpSocket03 } from "./udp03.js";

interface SocketImports03 {
  readonly "wasi:sockets/types@0.3": {
    readonly TcpSocket: { create(family: Family): TcpSocket03 };
    readonly UdpSocket: { create(family: Family): UdpSocket03 };
  };
  readonly "wasi:sockets/ip-name-lookup@0.3": ReturnType<typeof createNameLookup03>;
}

/** `wasi:sockets` of WASI 0.3. */
export function createSockets03(context: NetworkContext): SocketImports03 {
  class TcpSocket extends TcpSocket03 {
    static create(family: Family): TcpSocket {
      return new TcpSocket(context, family);
    }
  }
  class UdpSocket extends UdpSocket03 {
    static create(family: Family): UdpSocket {
      return new UdpSocket(context, family);
    }
  }
  return {
    "wasi:sockets/types@0.3": { TcpSocket, UdpSocket },
    "wasi:sockets/ip-name-lookup@0.3": createNameLookup03(context),
  };
}
