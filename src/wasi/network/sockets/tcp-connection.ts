import { formatEndpoint } from "../addresses.js";
import { failSocket, socketErrorOf } from "../failure.js";
import { Inbox } from "../inbox.js";
import type { NetworkContext } from "../network-context.js";
import type { Connection } from "../network-thread.js";
import { Outbox } from "../outbox.js";
import type { Endpoint, NetworkEvent, NetworkFailure } from "../protocol.js";

/** A connection to a peer, from the attempt on: what sockets of all versions have in common. */
export class TcpConnection {
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  /** What came of the attempt. */
  outcome: "connected" | NetworkFailure | undefined;
  local: Endpoint | undefined;
  readonly #connection: Connection;

  /** @throws `access-denied` */
  constructor(
    { thread, destinations, log }: NetworkContext,
    readonly remote: Endpoint,
    local: Endpoint | undefined,
  ) {
    const entry = { kind: "tcp", to: formatEndpoint(remote) } as const;
    if (!destinations.allowsEndpoint(remote)) {
      log.refused({ ...entry, error: "access-denied" });
      failSocket("access-denied");
    }
    if (!thread.hasRoom) failSocket("new-socket-limit");
    const update = () => void thread.update();
    this.inbox = new Inbox(thread, update, (count) => this.#connection.send({ op: "taken", count }));
    this.outbox = new Outbox(thread, update);
    const logged = log.reached(entry);
    this.#connection = thread.open({ op: "connect", remote, local }, (event) => {
      if (event.event === "failed" && this.outcome === undefined) logged.error = socketErrorOf(event);
      this.#receive(event);
    });
    this.outbox.connect((bytes) => this.#connection.send({ op: "write", bytes }));
  }

  /** Lets the peer know that no more comes. */
  endSending(): void {
    if (this.outbox.state !== "open") return;
    this.outbox.end("ended");
    this.#connection.send({ op: "end", trailers: [] });
  }

  close(): void {
    this.inbox.discard();
    this.outbox.end("ended");
    this.#connection.send({ op: "close" });
  }

  #receive(event: NetworkEvent): void {
    switch (event.event) {
      case "connected":
        this.local = event.local;
        this.outcome = "connected";
        break;
      case "data":
        this.inbox.put(event.bytes);
        break;
      case "end":
        this.inbox.end("ended");
        break;
      case "written":
        this.outbox.sent(event.count);
        break;
      case "failed":
        this.outcome ??= event;
        this.inbox.end(event);
        this.outbox.end(event);
    }
  }
}
