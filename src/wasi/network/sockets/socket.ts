import { Resource } from "../../handles.js";
import type { Family } from "../addresses.js";
import type { NetworkContext } from "../network-context.js";
import { SocketOptions } from "./socket-options.js";

/** What TCP and UDP sockets have in common. */
export abstract class Socket extends Resource {
  protected readonly context: NetworkContext;
  protected readonly family: Family;
  protected readonly options = new SocketOptions();

  /** @param protocol - `tcp` or `udp`, as the names of interface, resource and constructor have it */
  constructor(context: NetworkContext, family: Family, protocol: "tcp" | "udp") {
    const type = { type: `${protocol}-socket`, interface: `wasi:sockets/${protocol}` };
    const createdBy = `wasi:sockets/${protocol}-create-socket#create-${protocol}-socket`;
    super(context.handles, type, { createdBy });
    this.context = context;
    this.family = family;
  }

  addressFamily(): Family {
    return this.family;
  }

  receiveBufferSize(): bigint {
    return this.options.get("receiveBufferSize");
  }

  setReceiveBufferSize(value: bigint): void {
    this.options.set("receiveBufferSize", value);
  }

  sendBufferSize(): bigint {
    return this.options.get("sendBufferSize");
  }

  setSendBufferSize(value: bigint): void {
    this.options.set("sendBufferSize", value);
  }
}
