import { shortened } from "../../../shortened.js";
import { failHttp, type HttpError, httpErrorOf } from "../failure.js";
import { Inbox } from "../inbox.js";
import type { NetworkContext } from "../network-context.js";
import type { Connection } from "../network-thread.js";
import type { HeaderList, NetworkEvent, NetworkFailure } from "../protocol.js";
import { MAX_FIELDS_SIZE, sizeOf } from "./fields.js";
import type { RequestBody } from "./outgoing-body.js";
import type { Timeouts } from "./request-options.js";
import type { Target } from "./target.js";

/**
 * RFC 9112, 6.3: where a message ends must be clear to everyone, or one that an allowed server passes on could hold
 * another.
 */
function checkFraming(headers: HeaderList, hasBody: boolean): void {
  const lengths = headers.filter(([name]) => name.toLowerCase() === "content-length").map(([, value]) => value);
  const [length = "0"] = lengths;
  const isClear = lengths.length <= 1 && /^\d+$/.test(length) && (hasBody || Number(length) === 0);
  if (!isClear) failHttp({ tag: "HTTP-protocol-error" });
}

/** As long as Wasmtime lets it be. */
const MAX_PATH = 65_534;

/** What is on its way is in memory. */
function checkSize(path: string, headers: HeaderList): void {
  if (path.length > MAX_PATH) failHttp({ tag: "HTTP-request-URI-too-long" });
  const size = sizeOf(headers);
  if (size > MAX_FIELDS_SIZE) failHttp({ tag: "HTTP-request-header-section-size", val: size });
}

/** A request, as it is to be sent. */
export interface OutgoingMessage {
  readonly method: string;
  readonly target: Target;
  readonly headers: HeaderList;
  readonly body: RequestBody | undefined;
}

export interface ResponseHead {
  readonly status: number;
  readonly headers: HeaderList;
}

/** A request and its response: what is shared by the resources that stand for its parts. */
export class Exchange {
  /** `METHOD URL`, for messages. */
  readonly name: string;
  readonly inbox: Inbox;
  head: ResponseHead | HttpError | undefined;
  /** How the response's body has ended. */
  outcome: { readonly trailers: HeaderList } | HttpError | undefined;
  readonly #context: NetworkContext;
  readonly #connection: Connection;
  readonly #body: RequestBody | undefined;

  /** @throws an `error-code` */
  constructor(context: NetworkContext, { method, target, headers, body }: OutgoingMessage, timeouts: Timeouts) {
    checkFraming(headers, body !== undefined);
    const { thread, destinations, log } = context;
    const { secure, host, port, path } = target;
    const entry = { kind: "http", to: target.display, method } as const;
    if (!destinations.allowsHost(host, port)) {
      log.refused({ ...entry, error: "HTTP-request-denied" });
      failHttp({ tag: "HTTP-request-denied" });
    }
    this.#context = context;
    this.#body = body;
    checkSize(path, headers);
    if (!thread.hasRoom) failHttp({ tag: "connection-limit-reached" });
    this.name = shortened(`${method} ${target.display}`);
    const logged = log.reached(entry, target.origin);
    const update = () => void thread.update();
    this.inbox = new Inbox(thread, update, (count) => this.#connection.send({ op: "taken", count }));
    const wanted = { secure, host: host.text, port, path, method, ...timeouts, hasBody: body !== undefined };
    const framed = [...headers, ...(body?.framing ?? [])];
    this.#connection = thread.open({ op: "request", request: { ...wanted, headers: framed } }, (event) => {
      if (event.event === "response") logged.status = event.status;
      if (event.event === "failed") {
        logged.error = httpErrorOf(event).tag;
        body?.outbox.end(event);
      }
      if (event.event === "written") body?.outbox.sent(event.count);
      this.#receive(event);
    });
    body?.connect(
      (bytes) => this.#connection.send({ op: "write", bytes }),
      (trailers) => this.#connection.send({ op: "end", trailers }),
      (failure) => this.#fail(failure),
    );
  }

  update(): void {
    this.#context.thread.update();
  }

  /** No one wants the rest. */
  close(): void {
    this.#body?.outbox.end("ended");
    this.#connection.send({ op: "close" });
    this.head ??= { tag: "connection-terminated" };
    this.#context.thread.recheck();
  }

  #fail(failure: NetworkFailure): void {
    this.#receive({ event: "failed", ...failure });
    this.close();
  }

  #receive(event: NetworkEvent): void {
    switch (event.event) {
      case "resolved":
        this.#context.destinations.noteResolved(
          event.name,
          event.addresses.map(({ address }) => address),
        );
        break;
      case "response":
        this.head = { status: event.status, headers: event.headers };
        break;
      case "data":
        this.inbox.put(event.bytes);
        break;
      case "end":
        this.inbox.end("ended");
        this.outcome ??= { trailers: event.trailers };
        break;
      case "failed":
        this.inbox.end(event);
        this.head ??= httpErrorOf(event);
        this.outcome ??= httpErrorOf(event);
    }
  }
}
