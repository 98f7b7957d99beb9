import { type HandleOrigin, Resource } from "../../handles.js";
import type { Family } from "../addresses.js";
import type { NetworkContext } from "../network-context.js";
import { attempt03 } from "./error-code03.js";
import { SocketOptions } from "./socket-options.js";

const TYPES03 = "wasi:sockets/types@0.3";

/** What TCP and UDP sockets of WASI 0.3 have in common. */
export abstract class Socket03 extends Resource {
  protected readonly context: NetworkContext;
  protected readonly family: Family;
  protected readonly options = new SocketOptions();
  readonly #type: string;

  /** @param type - `tcp-socket` or `udp-socket` */
  constructor(context: NetworkContext, family: Family, type: string) {
    super(context.handles, { type, interface: TYPES03 }, { createdBy: `${TYPES03}#[static]${type}.create` });
    this.context = context;
    this.family = family;
    this.#type = type;
  }

  getAddressFamily(): Family {
    return this.family;
  }

  getReceiveBufferSize(): bigint {
    return this.options.get("receiveBufferSize");
  }

  setReceiveBufferSize(value: bigint): void {
    attempt03(() => this.options.set("receiveBufferSize", value));
  }

  getSendBufferSize(): bigint {
    return this.options.get("sendBufferSize");
  }

  setSendBufferSize(value: bigint): void {
    attempt03(() => this.options.set("sendBufferSize", value));
  }

  protected origin(method: string, detail: string): HandleOrigin {
    return { createdBy: `${TYPES03}#[method]${this.#type}.${method}`, detail };
  }
}
