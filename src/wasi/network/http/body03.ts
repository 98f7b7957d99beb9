import type { ByteReader } from "../../streams03.js";
import { type HttpError, httpErrorOf } from "../failure.js";
import { IncomingStream } from "../network-streams03.js";
import type { HeaderList } from "../protocol.js";
import type { Exchange } from "./exchange.js";
import { withoutForbidden } from "./fields.js";
import { type Fields03, type FieldsContext03, TYPES03 } from "./fields03.js";
import { trailerList } from "./outgoing-body.js";

/** A result, as it comes out of a future and goes into one. */
export type Result<T> = { readonly tag: "ok"; readonly val: T } | { readonly tag: "err"; readonly val: HttpError };

/** A future as the host is given it. */
export type GuestFuture<T> = PromiseLike<Result<T>> & Disposable;

/** What `consume-body` gives: the future says how the stream has ended, and what came after it. */
export type Consumed = [
  contents: ByteReader | AsyncIterable<Uint8Array> | readonly [],
  trailers: PromiseLike<Result<Fields03 | undefined> | undefined>,
];

/** Contents and trailers of a request or response, for one who takes them. */
export interface Body {
  /** @param result - what becomes of them */
  consume(result: GuestFuture<void>): Consumed;
  /** No one wants them. */
  drop(): void;
}

/** A body that the guest has made, and may consume itself. */
export class GuestBody implements Body {
  /** WIT: the "result of transmission", given when all is over. */
  readonly transmission: Promise<Result<void> | undefined>;
  readonly contents: ByteReader | undefined;
  readonly #trailers: GuestFuture<Fields03 | undefined>;
  #settle = (_: PromiseLike<Result<void>> | undefined): void => {};

  constructor(contents: ByteReader | undefined, trailers: GuestFuture<Fields03 | undefined>) {
    this.contents = contents;
    this.#trailers = trailers;
    this.transmission = new Promise((resolve) => {
      this.#settle = resolve;
    });
    // The guest need not ask.
    this.transmission.catch(() => undefined);
  }

  consume(result: GuestFuture<void>): Consumed {
    this.#settle(result);
    return [this.contents ?? [], this.#trailers];
  }

  drop(): void {
    this.contents?.[Symbol.dispose]();
    this.#trailers[Symbol.dispose]();
    this.#settle(undefined);
  }

  /** For who sends it. */
  async trailers(): Promise<HeaderList> {
    const { tag, val } = await this.#trailers;
    if (tag === "err") throw val;
    val?.[Symbol.dispose]();
    return trailerList(val?.list ?? []);
  }

  /** It is sent, or cannot be. */
  settle(transmission: Promise<void>): void {
    const done = transmission.then(() => ({ tag: "ok", val: undefined }) as const);
    done.catch(() => undefined);
    this.#settle(done);
  }
}

/** What a server has answered. */
export class ResponseBody implements Body {
  readonly #context: FieldsContext03;
  readonly #exchange: Exchange;
  readonly #transmission: Promise<void>;

  /** @param transmission - of the request, which may go on when the response has come */
  constructor(context: FieldsContext03, exchange: Exchange, transmission: Promise<void>) {
    this.#context = context;
    this.#exchange = exchange;
    this.#transmission = transmission;
  }

  consume(result: GuestFuture<void>): Consumed {
    result.then(({ tag }) => tag === "err" && this.drop());
    const origin = { createdBy: `${TYPES03}#[static]response.consume-body`, detail: this.#exchange.name };
    let settle = (_: Result<Fields03 | undefined> | undefined) => {};
    const trailers = new Promise<Result<Fields03 | undefined> | undefined>((resolve) => {
      settle = resolve;
    });
    const stream = new IncomingStream(this.#context, this.#exchange.inbox, origin, (how) => {
      if (typeof how !== "string") settle({ tag: "err", val: httpErrorOf(how) });
      else settle(this.#trailers(origin));
      if (how === "dropped") this.drop();
      else this.#finish();
    });
    return [stream, trailers];
  }

  drop(): void {
    this.#exchange.inbox.discard();
    this.#exchange.close();
  }

  #finish(): void {
    const close = () => this.#exchange.close();
    this.#transmission.then(close, close);
  }

  #trailers(origin: { readonly createdBy: string; readonly detail: string }): Result<Fields03 | undefined> | undefined {
    const { outcome } = this.#exchange;
    const list = outcome !== undefined && "trailers" in outcome ? withoutForbidden(outcome.trailers) : [];
    if (list.length === 0) return undefined;
    const context = this.#context;
    let fields: Fields03 | undefined;
    // The guest may never ask, and then must not be said to hold them.
    return {
      tag: "ok",
      get val() {
        return (fields ??= context.newFields(list, false, origin));
      },
    };
  }
}
