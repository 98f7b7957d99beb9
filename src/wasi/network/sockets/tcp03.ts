import type { Call, Cancellable } from "../../call03.js";
import type { ByteReader } from "../../streams03.js";
import {
  type Family,
  formatEndpoint,
  type IpSocketAddress,
  isOwnAddress,
  isPeerAddress,
  toEndpoint,
  toSocketAddress,
} from "../addresses.js";
import { type NetworkContext, networkCall } from "../network-context.js";
import { IncomingStream, sendThrough } from "../network-streams03.js";
import type { Endpoint } from "../protocol.js";
import { noteBinding } from "./binding.js";
import { attempt03, type ErrorCode03, errorCodeOf, failSocket03 } from "./error-code03.js";
import { Socket03 } from "./socket03.js";
import { TcpConnection } from "./tcp-connection.js";

/** What `receive` gives: the future says whether the peer has ended well. */
type Received = [stream: AsyncIterable<Uint8Array> | readonly [], end: Promise<void>];

export class TcpSocket03 extends Socket03 {
  #state: "unbound" | "bound" | "connecting" | "connected" | "closed" = "unbound";
  #local: Endpoint | undefined;
  #connection: TcpConnection | undefined;
  /** WIT: the socket is one with its streams, and is closed when all of them are. */
  readonly #users = new Set<"socket" | "send" | "receive">(["socket"]);
  #isSent = false;
  #isReceived = false;

  constructor(context: NetworkContext, family: Family) {
    super(context, family, "tcp-socket");
  }

  /** Node binds when it connects, so an address that cannot be bound shows then. */
  bind(local: IpSocketAddress): void {
    if (!isOwnAddress(local, this.family)) failSocket03("invalid-argument");
    if (this.#state !== "unbound") failSocket03("invalid-state");
    const endpoint = toEndpoint(local);
    attempt03(() => noteBinding(this.context, "tcp-bind", endpoint));
    this.#local = endpoint;
    this.#state = "bound";
  }

  connect(remote: IpSocketAddress): Cancellable<void> {
    return networkCall(this.context, (call) => this.#connect(remote, call));
  }

  async #connect(remote: IpSocketAddress, call: Call): Promise<void> {
    if (!isPeerAddress(remote, this.family)) failSocket03("invalid-argument");
    if (this.#state !== "unbound" && this.#state !== "bound") failSocket03("invalid-state");
    const connection = attempt03(() => new TcpConnection(this.context, toEndpoint(remote), this.#local));
    this.#connection = connection;
    this.#state = "connecting";
    await this.context.until(() => connection.outcome !== undefined, call);
    const outcome = call.isCancelled ? undefined : connection.outcome;
    this.#state = outcome === "connected" ? "connected" : "closed";
    if (outcome === "connected") return;
    connection.close();
    if (outcome !== undefined) throw errorCodeOf(outcome);
  }

  /** No one should connect to a build. */
  listen(): void {
    failSocket03("not-supported");
  }

  /** WIT: the future says when all has been sent. */
  async send(data: ByteReader): Promise<void> {
    const connection = this.#connection;
    if (this.#state !== "connected" || connection === undefined || this.#isSent) {
      data[Symbol.dispose]();
      return failSocket03("invalid-state");
    }
    this.#isSent = true;
    this.#users.add("send");
    const { outbox } = connection;
    try {
      await sendThrough(this.context, data, outbox);
      await this.context.until(() => outbox.flushed.isReady());
      if (typeof outbox.state !== "string") throw errorCodeOf(outbox.state);
      connection.endSending();
    } finally {
      this.#leave("send");
    }
  }

  receive(): Received {
    const connection = this.#connection;
    if (this.#state !== "connected" || connection === undefined || this.#isReceived) {
      return [[], rejected({ tag: "invalid-state" })];
    }
    this.#isReceived = true;
    this.#users.add("receive");
    let settle = (_: Promise<void>) => {};
    const end = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const origin = this.origin("receive", formatEndpoint(connection.remote));
    const stream = new IncomingStream(this.context, connection.inbox, origin, (how) => {
      settle(typeof how === "string" ? Promise.resolve() : rejected(errorCodeOf(how)));
      this.#leave("receive");
    });
    return [stream, end];
  }

  getLocalAddress(): IpSocketAddress {
    return toSocketAddress(this.#connection?.local ?? this.#local ?? failSocket03("invalid-state"));
  }

  getRemoteAddress(): IpSocketAddress {
    const connection = this.#state === "connected" ? this.#connection : undefined;
    return toSocketAddress(connection?.remote ?? failSocket03("invalid-state"));
  }

  getIsListening(): boolean {
    return false;
  }

  setListenBacklogSize(value: bigint): void {
    failSocket03(value === 0n ? "invalid-argument" : "not-supported");
  }

  getKeepAliveEnabled(): boolean {
    return this.options.get("keepAliveEnabled");
  }

  setKeepAliveEnabled(value: boolean): void {
    this.options.set("keepAliveEnabled", value);
  }

  getKeepAliveIdleTime(): bigint {
    return this.options.get("keepAliveIdleTime");
  }

  setKeepAliveIdleTime(value: bigint): void {
    attempt03(() => this.options.set("keepAliveIdleTime", value));
  }

  getKeepAliveInterval(): bigint {
    return this.options.get("keepAliveInterval");
  }

  setKeepAliveInterval(value: bigint): void {
    attempt03(() => this.options.set("keepAliveInterval", value));
  }

  getKeepAliveCount(): number {
    return this.options.get("keepAliveCount");
  }

  setKeepAliveCount(value: number): void {
    attempt03(() => this.options.set("keepAliveCount", value));
  }

  getHopLimit(): number {
    return this.options.get("hopLimit");
  }

  setHopLimit(value: number): void {
    attempt03(() => this.options.set("hopLimit", value));
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#leave("socket");
  }

  #leave(user: "socket" | "send" | "receive"): void {
    this.#users.delete(user);
    if (this.#users.size === 0) this.#connection?.close();
  }
}

/** A rejection that no one need ask for. */
function rejected(error: ErrorCode03): Promise<never> {
  const promise = Promise.reject(error);
  promise.catch(() => undefined);
  return promise;
}
