import { Pollable, type Readiness } from "../../poll.js";
import {
  type Family,
  formatEndpoint,
  type IpSocketAddress,
  isOwnAddress,
  isPeerAddress,
  toEndpoint,
  toSocketAddress,
} from "../addresses.js";
import { failSocket, socketErrorOf } from "../failure.js";
import type { NetworkContext } from "../network-context.js";
import { NetworkInputStream, NetworkOutputStream } from "../network-streams.js";
import type { Endpoint } from "../protocol.js";
import { noteBinding } from "./binding.js";
import { Socket } from "./socket.js";
import { TcpConnection } from "./tcp-connection.js";

const INTERFACE = "wasi:sockets/tcp";

export class TcpSocket extends Socket {
  #state: "unbound" | "binding" | "bound" | "connecting" | "connected" | "closed" = "unbound";
  #local: Endpoint | undefined;
  #connection: TcpConnection | undefined;

  constructor(context: NetworkContext, family: Family) {
    super(context, family, "tcp");
  }

  /** Node binds when it connects, so an address that cannot be bound shows then. */
  startBind(_network: unknown, local: IpSocketAddress): void {
    if (!isOwnAddress(local, this.family)) failSocket("invalid-argument");
    if (this.#state !== "unbound") failSocket("invalid-state");
    const endpoint = toEndpoint(local);
    noteBinding(this.context, "tcp-bind", endpoint);
    this.#local = endpoint;
    this.#state = "binding";
  }

  finishBind(): void {
    if (this.#state !== "binding") failSocket("not-in-progress");
    this.#state = "bound";
  }

  startConnect(_network: unknown, remote: IpSocketAddress): void {
    if (!isPeerAddress(remote, this.family)) failSocket("invalid-argument");
    if (this.#state !== "unbound" && this.#state !== "bound") failSocket("invalid-state");
    this.#connection = new TcpConnection(this.context, toEndpoint(remote), this.#local);
    this.#state = "connecting";
  }

  finishConnect(): [NetworkInputStream, NetworkOutputStream] {
    const connection = this.#connection;
    this.context.thread.update();
    if (this.#state !== "connecting" || connection === undefined) return failSocket("not-in-progress");
    const { outcome } = connection;
    if (outcome === undefined) return failSocket("would-block");
    this.#state = outcome === "connected" ? "connected" : "closed";
    if (outcome !== "connected") failSocket(socketErrorOf(outcome));
    const origin = {
      createdBy: `${INTERFACE}#[method]tcp-socket.finish-connect`,
      detail: formatEndpoint(connection.remote),
    };
    return [
      new NetworkInputStream(this.context, connection.inbox, origin),
      new NetworkOutputStream(this.context, connection.outbox, origin),
    ];
  }

  /** No one should connect to a build. */
  startListen(): void {
    failSocket("not-supported");
  }

  finishListen(): void {
    failSocket("not-in-progress");
  }

  accept(): void {
    failSocket("invalid-state");
  }

  localAddress(): IpSocketAddress {
    return toSocketAddress(this.#connection?.local ?? this.#local ?? failSocket("invalid-state"));
  }

  remoteAddress(): IpSocketAddress {
    const connection = this.#state === "connected" ? this.#connection : undefined;
    return toSocketAddress(connection?.remote ?? failSocket("invalid-state"));
  }

  isListening(): boolean {
    return false;
  }

  setListenBacklogSize(value: bigint): void {
    failSocket(value === 0n ? "invalid-argument" : "not-supported");
  }

  keepAliveEnabled(): boolean {
    return this.options.get("keepAliveEnabled");
  }

  setKeepAliveEnabled(value: boolean): void {
    this.options.set("keepAliveEnabled", value);
  }

  keepAliveIdleTime(): bigint {
    return this.options.get("keepAliveIdleTime");
  }

  setKeepAliveIdleTime(value: bigint): void {
    this.options.set("keepAliveIdleTime", value);
  }

  keepAliveInterval(): bigint {
    return this.options.get("keepAliveInterval");
  }

  setKeepAliveInterval(value: bigint): void {
    this.options.set("keepAliveInterval", value);
  }

  keepAliveCount(): number {
    return this.options.get("keepAliveCount");
  }

  setKeepAliveCount(value: number): void {
    this.options.set("keepAliveCount", value);
  }

  hopLimit(): number {
    return this.options.get("hopLimit");
  }

  setHopLimit(value: number): void {
    this.options.set("hopLimit", value);
  }

  subscribe(): Pollable {
    const isReady = () => {
      this.context.thread.update();
      return this.#state !== "connecting" || this.#connection?.outcome !== undefined;
    };
    const readiness: Readiness = { isReady, outside: this.context.thread };
    const detail = this.#connection && formatEndpoint(this.#connection.remote);
    return new Pollable(this.context, readiness, {
      createdBy: `${INTERFACE}#[method]tcp-socket.subscribe`,
      detail,
    });
  }

  shutdown(which: "receive" | "send" | "both"): void {
    if (this.#state !== "connected") failSocket("invalid-state");
    if (which !== "send") this.#connection?.inbox.discard();
    if (which !== "receive") this.#connection?.endSending();
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#connection?.close();
  }
}

export function createTcp(context: NetworkContext) {
  return {
    "wasi:sockets/tcp": { TcpSocket },
    "wasi:sockets/tcp-create-socket": { createTcpSocket: (family: Family) => new TcpSocket(context, family) },
  };
}
