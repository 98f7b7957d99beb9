import { Pollable, type Readiness } from "../../poll.js";
import { type Family, type IpSocketAddress, isOwnAddress, toEndpoint, toSocketAddress } from "../addresses.js";
import { failSocket, socketErrorOf } from "../failure.js";
import type { NetworkContext } from "../network-context.js";
import { IncomingDatagramStream, OutgoingDatagramStream } from "./datagram-streams.js";
import { Socket } from "./socket.js";
import { allowedPeer, bindPort, type UdpPort } from "./udp-port.js";

const INTERFACE = "wasi:sockets/udp";

export class UdpSocket extends Socket {
  #state: "unbound" | "binding" | "bound" | "closed" = "unbound";
  #port: UdpPort | undefined;

  constructor(context: NetworkContext, family: Family) {
    super(context, family, "udp");
  }

  startBind(_network: unknown, local: IpSocketAddress): void {
    if (!isOwnAddress(local, this.family)) failSocket("invalid-argument");
    if (this.#state !== "unbound") failSocket("invalid-state");
    this.#port = bindPort(this.context, this.family, toEndpoint(local));
    this.#state = "binding";
  }

  finishBind(): void {
    if (this.#state !== "binding") failSocket("not-in-progress");
    if (!this.#isSettled()) failSocket("would-block");
    const failure = this.#port?.failure;
    this.#state = failure === undefined ? "bound" : "closed";
    if (failure !== undefined) failSocket(socketErrorOf(failure));
  }

  stream(remote: IpSocketAddress | undefined): [IncomingDatagramStream, OutgoingDatagramStream] {
    const port = this.#port;
    if (this.#state !== "bound" || port === undefined) return failSocket("invalid-state");
    port.peer = remote && allowedPeer(this.context, this.family, remote);
    // Datagrams of others that came before are not the peer's.
    if (port.peer !== undefined) port.take(port.received.length);
    return [
      new IncomingDatagramStream(this.context, port),
      new OutgoingDatagramStream(this.context, port, this.family),
    ];
  }

  localAddress(): IpSocketAddress {
    return toSocketAddress(this.#port?.local ?? failSocket("invalid-state"));
  }

  remoteAddress(): IpSocketAddress {
    return toSocketAddress(this.#port?.peer ?? failSocket("invalid-state"));
  }

  unicastHopLimit(): number {
    return this.options.get("hopLimit");
  }

  setUnicastHopLimit(value: number): void {
    this.options.set("hopLimit", value);
  }

  subscribe(): Pollable {
    const isReady = () => this.#state !== "binding" || this.#isSettled();
    const readiness: Readiness = { isReady, outside: this.context.thread };
    return new Pollable(this.context, readiness, { createdBy: `${INTERFACE}#[method]udp-socket.subscribe` });
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#port?.close();
  }

  #isSettled(): boolean {
    this.context.thread.update();
    return this.#port?.isSettled ?? false;
  }
}

export function createUdp(context: NetworkContext) {
  return {
    "wasi:sockets/udp": { UdpSocket, IncomingDatagramStream, OutgoingDatagramStream },
    "wasi:sockets/udp-create-socket": { createUdpSocket: (family: Family) => new UdpSocket(context, family) },
  };
}
