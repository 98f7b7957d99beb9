import { type HandleOrigin, Resource } from "../../handles.js";
import { failHttp } from "../failure.js";
import type { NetworkContext } from "../network-context.js";
import { NetworkOutputStream } from "../network-streams.js";
import { Outbox } from "../outbox.js";
import type { HeaderList, NetworkFailure } from "../protocol.js";
import { type Fields, type HttpContext, TYPES } from "./fields.js";

const UNFINISHED: NetworkFailure = { code: "", message: "the request's body was dropped before it was finished" };

const NO_PLACE: NetworkFailure = { code: "", message: "a request with a content-length header has no trailers" };

/** What a request sends, from the guest's writes to the request's connection, whichever is there first. */
export class RequestBody {
  readonly outbox: Outbox;
  /** What the request's headers promise. */
  readonly #length: number | undefined;
  #written = 0;
  #trailers: HeaderList | undefined;
  #onEnd: ((trailers: HeaderList) => void) | undefined;
  #onAbandoned: ((failure: NetworkFailure) => void) | undefined;
  /** Why it will never be whole. */
  #failure: NetworkFailure | undefined;

  constructor({ thread }: NetworkContext, headers: HeaderList) {
    const text = headers.find(([name]) => name.toLowerCase() === "content-length")?.[1];
    this.#length = text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
    this.outbox = new BodyOutbox(
      thread,
      () => thread.update(),
      (count) => this.#count(count),
    );
  }

  /** How the headers must announce it, as far as they do not yet. */
  get framing(): HeaderList {
    if (this.#length !== undefined) return [];
    const isWhole = this.#trailers?.length === 0;
    return isWhole ? [["content-length", String(this.#written)]] : [["transfer-encoding", "chunked"]];
  }

  /** Lets it go to a connection. */
  connect(
    send: (bytes: Uint8Array) => void,
    onEnd: (trailers: HeaderList) => void,
    onAbandoned: (failure: NetworkFailure) => void,
  ): void {
    this.outbox.connect(send);
    this.#onEnd = onEnd;
    this.#onAbandoned = onAbandoned;
    if (this.#trailers !== undefined) onEnd(this.#trailers);
    if (this.#failure !== undefined) onAbandoned(this.#failure);
  }

  /** @param failure - what the request fails with where less was written than its headers say */
  finish(trailers: HeaderList, failure = UNFINISHED): void {
    if (this.#length !== undefined && this.#written !== this.#length) {
      this.abandon(failure);
      failHttp({ tag: "HTTP-request-body-size", val: BigInt(this.#written) });
    }
    // Only what comes in chunks has something after its end.
    if (this.#length !== undefined && trailers.length > 0) {
      this.abandon(NO_PLACE);
      failHttp({ tag: "HTTP-protocol-error" });
    }
    this.outbox.end("ended");
    this.#trailers = trailers;
    this.#onEnd?.(trailers);
  }

  abandon(failure = UNFINISHED): void {
    if (this.#trailers !== undefined) return;
    this.outbox.end("ended");
    this.#failure ??= failure;
    this.#onAbandoned?.(failure);
  }

  /** @returns whether the guest may write so much more */
  #count(count: number): boolean {
    this.#written += count;
    return this.#length === undefined || this.#written <= this.#length;
  }
}

class BodyOutbox extends Outbox {
  readonly #count: (bytes: number) => boolean;

  constructor(outside: NetworkContext["thread"], update: () => void, count: (bytes: number) => boolean) {
    super(outside, update);
    this.#count = count;
  }

  override put(bytes: Uint8Array): void {
    if (this.#count(bytes.length)) super.put(bytes);
    else this.end({ code: "BODY_SIZE", message: "more was written than the content-length header says" });
  }
}

/** What may be sent after a body: where it ends is clear by then. */
export function trailerList(fields: HeaderList): HeaderList {
  return fields.filter(([name]) => name.toLowerCase() !== "content-length");
}

/** The resource `outgoing-body`. */
export class OutgoingBody extends Resource {
  readonly #context: HttpContext;
  readonly #body: RequestBody;
  #isTaken = false;

  constructor(context: HttpContext, body: RequestBody, origin: HandleOrigin) {
    super(context.handles, { type: "outgoing-body", interface: TYPES }, origin);
    this.#context = context;
    this.#body = body;
  }

  static finish(self: OutgoingBody, trailers: Fields | undefined): void {
    const list = trailerList(trailers?.list ?? []);
    trailers?.[Symbol.dispose]();
    try {
      self.#body.finish(list);
    } finally {
      self[Symbol.dispose]();
    }
  }

  write(): NetworkOutputStream {
    // WIT: "this method may only be called once".
    if (this.#isTaken) throw undefined;
    this.#isTaken = true;
    const createdBy = `${TYPES}#[method]outgoing-body.write`;
    return new NetworkOutputStream(this.#context, this.#body.outbox, { createdBy });
  }

  /** WIT: a body that is dropped without `finish` is incomplete. */
  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#body.abandon();
  }
}
