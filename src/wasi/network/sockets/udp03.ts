import { type Call, type Cancellable, checkCancelled } from "../../call03.js";
import {
  type Family,
  formatEndpoint,
  type IpSocketAddress,
  isOwnAddress,
  isSameEndpoint,
  toEndpoint,
  toSocketAddress,
} from "../addresses.js";
import { type NetworkContext, networkCall } from "../network-context.js";
import type { Endpoint, NetworkFailure } from "../protocol.js";
import { MAX_DATAGRAM, MAX_SEND } from "./datagram-streams.js";
import { attempt03, errorCodeOf, failSocket03 } from "./error-code03.js";
import { Socket03 } from "./socket03.js";
import { allowedPeer, bindPort, UdpPort } from "./udp-port.js";

/** How many sends may wait for their turn, with what they send, and how many calls for a datagram. */
const MAX_WAITING = 1024;

const ANY_ADDRESS: Readonly<Record<Family, Endpoint>> = {
  ipv4: { address: "0.0.0.0", port: 0 },
  ipv6: { address: "::", port: 0 },
};

export class UdpSocket03 extends Socket03 {
  #port: UdpPort | undefined;
  #waiting = 0;
  #receiving = 0;

  constructor(context: NetworkContext, family: Family) {
    super(context, family, "udp-socket");
  }

  bind(local: IpSocketAddress): void {
    if (!isOwnAddress(local, this.family)) failSocket03("invalid-argument");
    if (this.#port !== undefined) failSocket03("invalid-state");
    this.#wait(attempt03(() => bindPort(this.context, this.family, toEndpoint(local))));
  }

  connect(remote: IpSocketAddress): void {
    const peer = attempt03(() => allowedPeer(this.context, this.family, remote));
    this.#boundPort().restrictTo(peer);
  }

  disconnect(): void {
    const port = this.#port?.peer && this.#port;
    (port ?? failSocket03("invalid-state")).peer = undefined;
  }

  send(data: Uint8Array, remote: IpSocketAddress | undefined): Cancellable<void> {
    return networkCall(this.context, (call) => this.#send(data, remote, call));
  }

  receive(): Cancellable<[data: Uint8Array, from: IpSocketAddress]> {
    return networkCall(this.context, (call) => this.#receive(call));
  }

  async #send(data: Uint8Array, remote: IpSocketAddress | undefined, call: Call): Promise<void> {
    if (data.length > MAX_DATAGRAM) failSocket03("datagram-too-large");
    const to = this.#target(remote);
    const bytes = Uint8Array.from(data);
    const port = this.#boundPort();
    this.context.log.peer(formatEndpoint(to));
    let outcome: "sent" | NetworkFailure | undefined;
    const post = () =>
      port.send(bytes, to, (failure) => {
        outcome = failure ?? "sent";
      });
    if (port.unsent < MAX_SEND) post();
    else await this.#inTurn(port, post, call);
    await this.context.until(() => outcome !== undefined, call);
    checkCancelled(call);
    if (outcome !== "sent") throw errorCodeOf(outcome as unknown as NetworkFailure);
  }

  async #receive(call: Call): Promise<[data: Uint8Array, from: IpSocketAddress]> {
    const port = this.#port ?? failSocket03("invalid-state");
    if (this.#receiving >= MAX_WAITING) failSocket03("out-of-memory");
    this.#receiving++;
    try {
      return await this.#receiveFrom(port, call);
    } finally {
      this.#receiving--;
    }
  }

  async #receiveFrom(port: UdpPort, call: Call): Promise<[data: Uint8Array, from: IpSocketAddress]> {
    for (;;) {
      await this.context.until(() => port.received.length > 0 || port.failure !== undefined, call);
      checkCancelled(call);
      const [datagram] = port.take(1);
      if (datagram !== undefined) return [datagram.data, datagram.remoteAddress];
      const { failure } = port;
      port.failure = undefined;
      if (failure !== undefined) throw errorCodeOf(failure);
    }
  }

  getLocalAddress(): IpSocketAddress {
    return toSocketAddress(this.#port?.local ?? failSocket03("invalid-state"));
  }

  getRemoteAddress(): IpSocketAddress {
    return toSocketAddress(this.#port?.peer ?? failSocket03("invalid-state"));
  }

  getUnicastHopLimit(): number {
    return this.options.get("hopLimit");
  }

  setUnicastHopLimit(value: number): void {
    attempt03(() => this.options.set("hopLimit", value));
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#port?.close();
  }

  #boundPort(): UdpPort {
    if (this.#port !== undefined) return this.#port;
    return this.#wait(attempt03(() => new UdpPort(this.context, this.family, ANY_ADDRESS[this.family])));
  }

  /** WIT lets no one wait for this, and it takes no time. */
  #wait(port: UdpPort): UdpPort {
    while (!port.isSettled) this.context.thread.wait(Number.POSITIVE_INFINITY);
    const { failure } = port;
    if (failure !== undefined) {
      port.close();
      throw errorCodeOf(failure);
    }
    this.#port = port;
    return port;
  }

  #target(remote: IpSocketAddress | undefined): Endpoint {
    const peer = this.#port?.peer;
    if (remote === undefined) return peer ?? failSocket03("invalid-argument");
    if (peer === undefined) return attempt03(() => allowedPeer(this.context, this.family, remote));
    const isPeer = remote.tag === this.family && isSameEndpoint(peer, toEndpoint(remote));
    return isPeer ? peer : failSocket03("invalid-argument");
  }

  /** Waits while as much is on its way as may be. */
  async #inTurn(port: UdpPort, post: () => void, call: Call): Promise<void> {
    if (this.#waiting >= MAX_WAITING) failSocket03("out-of-memory");
    this.#waiting++;
    try {
      do {
        await this.context.until(() => port.unsent < MAX_SEND, call);
        checkCancelled(call);
      } while (port.unsent >= MAX_SEND);
      post();
    } finally {
      this.#waiting--;
    }
  }
}
