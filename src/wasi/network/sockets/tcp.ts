import { Pollable, type Readiness } from "../../poll.js";
import {
  type Family,
  formatEndpoint,
  type IpSocketAddress,
  isMapped,
  isUnspecified,
  toEndpoint,
  toSocketAddress,
} from "../addresses.js";
import { failSocket, socketErrorOf } from "../failure.js";
import { Inbox } from "../inbox.js";
import type { NetworkContext } from "../network-context.js";
import { NetworkInputStream, NetworkOutputStream } from "../network-streams.js";
import type { Connection } from "../network-thread.js";
import { Outbox } from "../outbox.js";
import type { Endpoint, NetworkEvent, NetworkFailure } from "../protocol.js";
import { Socket } from "./socket.js";

const INTERFACE = "wasi:sockets/tcp";

type State =
  | { readonly kind: "unbound" | "binding" | "bound" | "connecting" | "connected" | "closed" }
  /** The outcome of connecting, not asked for yet. */
  | { readonly kind: "settled"; readonly failure?: NetworkFailure };

export class TcpSocket extends Socket {
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  #state: State = { kind: "unbound" };
  #local: Endpoint | undefined;
  #remote: Endpoint | undefined;
  #connection: Connection | undefined;

  constructor(context: NetworkContext, family: Family) {
    super(context, family, "tcp");
    const { thread } = context;
    const update = () => void thread.update();
    this.#inbox = new Inbox(thread, update, (count) => this.#connection?.send({ op: "taken", count }));
    this.#outbox = new Outbox(thread, update);
  }

  /** Node binds when it connects, so an address that cannot be bound shows then. */
  startBind(_network: unknown, local: IpSocketAddress): void {
    if (local.tag !== this.family || isMapped(local)) failSocket("invalid-argument");
    if (this.#state.kind !== "unbound") failSocket("invalid-state");
    this.#local = toEndpoint(local);
    this.#state = { kind: "binding" };
  }

  finishBind(): void {
    if (this.#state.kind !== "binding") failSocket("not-in-progress");
    this.#state = { kind: "bound" };
  }

  startConnect(_network: unknown, remote: IpSocketAddress): void {
    if (remote.tag !== this.family || isMapped(remote) || isUnspecified(remote) || remote.val.port === 0) {
      failSocket("invalid-argument");
    }
    if (this.#state.kind !== "unbound" && this.#state.kind !== "bound") failSocket("invalid-state");
    const { destinations, log, thread } = this.context;
    const endpoint = toEndpoint(remote);
    const entry = { kind: "tcp", to: formatEndpoint(endpoint) } as const;
    if (!destinations.allowsEndpoint(endpoint)) {
      log.addOnce({ ...entry, error: "access-denied" });
      failSocket("access-denied");
    }
    const logged = log.add(entry);
    this.#remote = endpoint;
    this.#state = { kind: "connecting" };
    this.#connection = thread.open({ op: "connect", remote: endpoint, local: this.#local }, (event) => {
      if (event.event === "failed" && this.#state.kind === "connecting") logged.error = socketErrorOf(event);
      this.#receive(event);
    });
    this.#outbox.connect((bytes) => this.#connection?.send({ op: "write", bytes }));
  }

  finishConnect(): [NetworkInputStream, NetworkOutputStream] {
    this.context.thread.update();
    if (this.#state.kind === "connecting") failSocket("would-block");
    if (this.#state.kind !== "settled") failSocket("not-in-progress");
    const { failure } = this.#state;
    this.#state = { kind: failure === undefined ? "connected" : "closed" };
    if (failure !== undefined) failSocket(socketErrorOf(failure));
    const origin = {
      createdBy: `${INTERFACE}#[method]tcp-socket.finish-connect`,
      detail: formatEndpoint(this.#remote as Endpoint),
    };
    return [
      new NetworkInputStream(this.context, this.#inbox, origin),
      new NetworkOutputStream(this.context, this.#outbox, origin),
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
    return toSocketAddress(this.#local ?? failSocket("invalid-state"));
  }

  remoteAddress(): IpSocketAddress {
    if (this.#state.kind !== "connected") failSocket("invalid-state");
    return toSocketAddress(this.#remote as Endpoint);
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
      return this.#state.kind !== "connecting";
    };
    const readiness: Readiness = { isReady, outside: this.context.thread };
    const detail = this.#remote && formatEndpoint(this.#remote);
    return new Pollable(this.context, readiness, {
      createdBy: `${INTERFACE}#[method]tcp-socket.subscribe`,
      detail,
    });
  }

  shutdown(which: "receive" | "send" | "both"): void {
    if (this.#state.kind !== "connected") failSocket("invalid-state");
    if (which !== "send") this.#inbox.discard();
    if (which === "receive" || this.#outbox.state !== "open") return;
    this.#outbox.end("ended");
    this.#connection?.send({ op: "end", trailers: [] });
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#inbox.discard();
    this.#outbox.end("ended");
    this.#connection?.send({ op: "close" });
  }

  #receive(event: NetworkEvent): void {
    switch (event.event) {
      case "connected":
        this.#local = event.local;
        this.#state = { kind: "settled" };
        break;
      case "data":
        this.#inbox.put(event.bytes);
        break;
      case "end":
        this.#inbox.end("ended");
        break;
      case "written":
        this.#outbox.sent(event.count);
        break;
      case "failed":
        if (this.#state.kind === "connecting") this.#state = { kind: "settled", failure: event };
        this.#inbox.end(event);
        this.#outbox.end(event);
    }
  }
}

export function createTcp(context: NetworkContext) {
  return {
    "wasi:sockets/tcp": { TcpSocket },
    "wasi:sockets/tcp-create-socket": { createTcpSocket: (family: Family) => new TcpSocket(context, family) },
  };
}
