import { Resource } from "../../handles.js";
import { Pollable } from "../../poll.js";
import { trap } from "../../trap.js";
import { type Family, formatEndpoint, type IpSocketAddress, isSameEndpoint, toEndpoint } from "../addresses.js";
import { failSocket, socketErrorOf } from "../failure.js";
import type { NetworkContext } from "../network-context.js";
import type { Endpoint } from "../protocol.js";
import { allowedPeer, type IncomingDatagram, type UdpPort } from "./udp-port.js";

const INTERFACE = "wasi:sockets/udp";

/** How many datagrams one call sends. */
export const MAX_SEND = 64;

/** What fits into one, with the headers of UDP and IPv4. */
export const MAX_DATAGRAM = 65_507;

interface OutgoingDatagram {
  readonly data: Uint8Array;
  readonly remoteAddress?: IpSocketAddress | undefined;
}

export class IncomingDatagramStream extends Resource {
  readonly #context: NetworkContext;
  readonly #port: UdpPort;

  constructor(context: NetworkContext, port: UdpPort) {
    const createdBy = `${INTERFACE}#[method]udp-socket.stream`;
    super(context.handles, { type: "incoming-datagram-stream", interface: INTERFACE }, { createdBy });
    this.#context = context;
    this.#port = port;
  }

  receive(maxResults: bigint): IncomingDatagram[] {
    return this.#port.take(maxResults > 0xffffn ? 0xffff : Number(maxResults));
  }

  subscribe(): Pollable {
    const isReady = () => {
      this.#context.thread.update();
      return this.#port.received.length > 0;
    };
    const createdBy = `${INTERFACE}#[method]incoming-datagram-stream.subscribe`;
    return new Pollable(this.#context, { isReady, outside: this.#context.thread }, { createdBy });
  }
}

export class OutgoingDatagramStream extends Resource {
  readonly #context: NetworkContext;
  readonly #port: UdpPort;
  readonly #family: Family;

  constructor(context: NetworkContext, port: UdpPort, family: Family) {
    const createdBy = `${INTERFACE}#[method]udp-socket.stream`;
    super(context.handles, { type: "outgoing-datagram-stream", interface: INTERFACE }, { createdBy });
    this.#context = context;
    this.#port = port;
    this.#family = family;
  }

  checkSend(): bigint {
    this.#context.thread.update();
    return BigInt(this.#permit);
  }

  /** What is sent and has not left is in memory. */
  get #permit(): number {
    return Math.max(0, MAX_SEND - this.#port.unsent);
  }

  /** WIT: an error is given only for the first; otherwise the number of those before it. */
  send(datagrams: readonly OutgoingDatagram[]): bigint {
    if (datagrams.length > MAX_SEND) {
      trap(`${INTERFACE}#[method]outgoing-datagram-stream.send was given more datagrams than check-send permits`);
    }
    this.#context.thread.update();
    let sent = 0;
    for (const datagram of datagrams.slice(0, this.#permit)) {
      try {
        this.#sendOne(datagram);
      } catch (error) {
        if (sent === 0) throw error;
        break;
      }
      sent++;
    }
    return BigInt(sent);
  }

  subscribe(): Pollable {
    const createdBy = `${INTERFACE}#[method]outgoing-datagram-stream.subscribe`;
    const isReady = () => {
      this.#context.thread.update();
      return this.#permit > 0;
    };
    return new Pollable(this.#context, { isReady, outside: this.#context.thread }, { createdBy });
  }

  #sendOne({ data, remoteAddress }: OutgoingDatagram): void {
    const { failure } = this.#port;
    this.#port.failure = undefined;
    if (failure !== undefined) failSocket(socketErrorOf(failure));
    if (data.length > MAX_DATAGRAM) failSocket("datagram-too-large");
    const to = this.#target(remoteAddress);
    this.#context.log.peer(formatEndpoint(to));
    this.#port.send(Uint8Array.from(data), to);
  }

  #target(remote: IpSocketAddress | undefined): Endpoint {
    const { peer } = this.#port;
    if (remote === undefined) return peer ?? failSocket("invalid-argument");
    if (peer === undefined) return allowedPeer(this.#context, this.#family, remote);
    return isSameEndpoint(peer, toEndpoint(remote)) ? peer : failSocket("invalid-argument");
  }
}
