import {
  type Family,
  formatEndpoint,
  type IpSocketAddress,
  isPeerAddress,
  isSameEndpoint,
  toEndpoint,
  toSocketAddress,
} from "../addresses.js";
import { failSocket, socketErrorOf } from "../failure.js";
import type { NetworkContext } from "../network-context.js";
import type { Connection } from "../network-thread.js";
import type { Endpoint, NetworkEvent, NetworkFailure } from "../protocol.js";
import { type Binding, noteBinding } from "./binding.js";

export interface IncomingDatagram {
  readonly data: Uint8Array;
  readonly remoteAddress: IpSocketAddress;
}

/** Told how a datagram fared: datagrams leave in the order in which they were sent. */
type SendDone = (failure: NetworkFailure | undefined) => void;

/** A bound port: what the socket and its streams share. */
export class UdpPort {
  readonly received: { readonly data: Uint8Array; readonly from: Endpoint }[] = [];
  local: Endpoint | undefined;
  /** The only one to send to and to receive from, where the guest has said so. */
  peer: Endpoint | undefined;
  failure: NetworkFailure | undefined;
  readonly #sends: SendDone[] = [];
  readonly #context: NetworkContext;
  readonly #connection: Connection;
  readonly #binding: Binding | undefined;

  /**
   * @param binding - where the guest has asked for the port
   * @throws `new-socket-limit`
   */
  constructor(context: NetworkContext, family: Family, local: Endpoint, binding?: Binding) {
    if (!context.thread.hasRoom) failSocket("new-socket-limit");
    this.#context = context;
    this.#binding = binding;
    const command = { op: "bind", family: family === "ipv4" ? 4 : 6, local } as const;
    this.#connection = context.thread.open(command, (event) => this.#receive(event));
  }

  /** How many datagrams have not left. */
  get unsent(): number {
    return this.#sends.length;
  }

  /** Whether it is bound, or cannot be. */
  get isSettled(): boolean {
    return this.local !== undefined || this.failure !== undefined;
  }

  /** @param onDone - when it has left, or cannot; without it a failure is noted */
  send(bytes: Uint8Array, to: Endpoint, onDone: SendDone = this.#noteFailure): void {
    this.#sends.push(onDone);
    this.#connection.send({ op: "send", bytes, to });
  }

  take(max: number): IncomingDatagram[] {
    this.#context.thread.update();
    return this.received.splice(0, max).map(({ data, from }) => {
      this.#connection.send({ op: "taken", count: data.length });
      return { data, remoteAddress: toSocketAddress(from) };
    });
  }

  /** Of what has come only the peer's. */
  restrictTo(peer: Endpoint): void {
    this.peer = peer;
    const others = this.received.filter(({ from }) => !isSameEndpoint(peer, from));
    for (const datagram of others) {
      this.received.splice(this.received.indexOf(datagram), 1);
      this.#connection.send({ op: "taken", count: datagram.data.length });
    }
  }

  close(): void {
    this.#connection.send({ op: "close" });
  }

  readonly #noteFailure = (failure: NetworkFailure | undefined): void => {
    this.failure = failure ?? this.failure;
  };

  #receive(event: NetworkEvent): void {
    if (event.event === "bound") this.local = event.local;
    else if (event.event === "written") this.#sends.shift()?.(undefined);
    else if (event.event === "failed") this.#fail(event);
    else if (event.event === "datagram") {
      const { bytes: data, from } = event;
      if (this.#isExpected(from)) {
        // That something has come may be all that the guest wants to know.
        this.#context.log.peer(formatEndpoint(from));
        this.received.push({ data, from });
      } else this.#connection.send({ op: "taken", count: data.length });
    }
  }

  #fail(failure: NetworkFailure): void {
    if (this.#binding !== undefined && this.local === undefined) this.#binding.error = socketErrorOf(failure);
    (this.#sends.shift() ?? this.#noteFailure)(failure);
  }

  /** Anyone can send to a port; the guest hears those whom it may reach. */
  #isExpected(from: Endpoint): boolean {
    return (
      this.#context.destinations.allowsEndpoint(from) && (this.peer === undefined || isSameEndpoint(this.peer, from))
    );
  }
}

/**
 * A port that the guest asks for.
 *
 * @throws `access-denied`, `new-socket-limit`
 */
export function bindPort(context: NetworkContext, family: Family, local: Endpoint): UdpPort {
  return new UdpPort(context, family, local, noteBinding(context, "udp-bind", local));
}

/** Where a guest may send datagrams to. */
export function allowedPeer({ destinations, log }: NetworkContext, family: Family, remote: IpSocketAddress): Endpoint {
  if (!isPeerAddress(remote, family)) failSocket("invalid-argument");
  const endpoint = toEndpoint(remote);
  if (destinations.allowsEndpoint(endpoint)) return endpoint;
  log.refused({ kind: "udp", to: formatEndpoint(endpoint), error: "access-denied" });
  return failSocket("access-denied");
}
