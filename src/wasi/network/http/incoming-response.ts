import { type HandleOrigin, Resource } from "../../handles.js";
import { Pollable, type Readiness } from "../../poll.js";
import type { HttpError } from "../failure.js";
import { NetworkInputStream } from "../network-streams.js";
import type { HeaderList } from "../protocol.js";
import type { Exchange, ResponseHead } from "./exchange.js";
import { type Fields, type HttpContext, TYPES, withoutForbidden } from "./fields.js";

type Result<T, E> = { readonly tag: "ok"; readonly val: T } | { readonly tag: "err"; readonly val: E };

/** What a `get` gives: nothing yet, the outcome once, and an error without payload ever after. */
type Future<T> = Result<Result<T, HttpError>, undefined> | undefined;

const TAKEN = { tag: "err", val: undefined } as const;

export class FutureIncomingResponse extends Resource {
  readonly #context: HttpContext;
  readonly #exchange: Exchange;
  readonly #readiness: Readiness;
  #isTaken = false;

  constructor(context: HttpContext, exchange: Exchange) {
    const origin = { createdBy: "wasi:http/outgoing-handler#handle", detail: exchange.name };
    super(context.handles, { type: "future-incoming-response", interface: TYPES }, origin);
    this.#context = context;
    this.#exchange = exchange;
    const isReady = () => {
      exchange.update();
      return exchange.head !== undefined;
    };
    this.#readiness = { isReady, outside: context.thread };
  }

  subscribe(): Pollable {
    return new Pollable(this.#context, this.#readiness, this.#origin("subscribe"));
  }

  get(): Future<IncomingResponse> {
    if (this.#isTaken) return TAKEN;
    if (!this.#readiness.isReady()) return undefined;
    this.#isTaken = true;
    const head = this.#exchange.head as ResponseHead | HttpError;
    if ("tag" in head) return { tag: "ok", val: { tag: "err", val: head } };
    const response = new IncomingResponse(this.#context, this.#exchange, head, this.#origin("get"));
    return { tag: "ok", val: { tag: "ok", val: response } };
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    if (!this.#isTaken) this.#exchange.close();
  }

  #origin(method: string): HandleOrigin {
    return { createdBy: `${TYPES}#[method]future-incoming-response.${method}`, detail: this.#exchange.name };
  }
}

export class IncomingResponse extends Resource {
  readonly #context: HttpContext;
  readonly #exchange: Exchange;
  readonly #head: ResponseHead;
  #isConsumed = false;

  constructor(context: HttpContext, exchange: Exchange, head: ResponseHead, origin: HandleOrigin) {
    super(context.handles, { type: "incoming-response", interface: TYPES }, origin);
    this.#context = context;
    this.#exchange = exchange;
    this.#head = head;
  }

  status(): number {
    return this.#head.status;
  }

  headers(): Fields {
    return this.#context.newFields(withoutForbidden(this.#head.headers), false, this.#origin("headers"));
  }

  consume(): IncomingBody {
    if (this.#isConsumed) throw undefined;
    this.#isConsumed = true;
    return new IncomingBody(this.#context, this.#exchange, this.#origin("consume"));
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    if (!this.#isConsumed) this.#exchange.close();
  }

  #origin(method: string): HandleOrigin {
    return { createdBy: `${TYPES}#[method]incoming-response.${method}`, detail: this.#exchange.name };
  }
}

export class IncomingBody extends Resource {
  readonly #context: HttpContext;
  readonly #exchange: Exchange;
  #isTaken = false;
  #isFinished = false;

  constructor(context: HttpContext, exchange: Exchange, origin: HandleOrigin) {
    super(context.handles, { type: "incoming-body", interface: TYPES }, origin);
    this.#context = context;
    this.#exchange = exchange;
  }

  /** The rest of the body is read on the way to its trailers. */
  static finish(self: IncomingBody): FutureTrailers {
    self.#isFinished = true;
    self.#exchange.inbox.discard();
    self[Symbol.dispose]();
    return new FutureTrailers(self.#context, self.#exchange);
  }

  stream(): NetworkInputStream {
    if (this.#isTaken) throw undefined;
    this.#isTaken = true;
    const origin = { createdBy: `${TYPES}#[method]incoming-body.stream`, detail: this.#exchange.name };
    return new NetworkInputStream(this.#context, this.#exchange.inbox, origin);
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    if (!this.#isFinished) this.#exchange.close();
  }
}

export class FutureTrailers extends Resource {
  readonly #context: HttpContext;
  readonly #exchange: Exchange;
  readonly #readiness: Readiness;
  #isTaken = false;

  constructor(context: HttpContext, exchange: Exchange) {
    const origin = { createdBy: `${TYPES}#[static]incoming-body.finish`, detail: exchange.name };
    super(context.handles, { type: "future-trailers", interface: TYPES }, origin);
    this.#context = context;
    this.#exchange = exchange;
    const isReady = () => {
      exchange.update();
      return exchange.outcome !== undefined;
    };
    this.#readiness = { isReady, outside: context.thread };
  }

  subscribe(): Pollable {
    const createdBy = `${TYPES}#[method]future-trailers.subscribe`;
    return new Pollable(this.#context, this.#readiness, { createdBy, detail: this.#exchange.name });
  }

  get(): Future<Fields | undefined> {
    if (this.#isTaken) return TAKEN;
    if (!this.#readiness.isReady()) return undefined;
    this.#isTaken = true;
    const outcome = this.#exchange.outcome as { readonly trailers: HeaderList } | HttpError;
    if ("tag" in outcome) return { tag: "ok", val: { tag: "err", val: outcome } };
    const trailers = withoutForbidden(outcome.trailers);
    const origin = { createdBy: `${TYPES}#[method]future-trailers.get`, detail: this.#exchange.name };
    const fields = trailers.length === 0 ? undefined : this.#context.newFields(trailers, false, origin);
    return { tag: "ok", val: { tag: "ok", val: fields } };
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#exchange.close();
  }
}
