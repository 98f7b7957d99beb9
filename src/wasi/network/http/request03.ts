import { Resource } from "../../handles.js";
import type { HeaderList } from "../protocol.js";
import type { Consumed, GuestBody, GuestFuture } from "./body03.js";
import { type Fields03, type FieldsContext03, TYPES03 } from "./fields03.js";
import { type Method, RequestHead } from "./request-head.js";
import type { Durations } from "./request-options.js";
import type { OptionsContext03, RequestOptions03 } from "./request-options03.js";
import type { Scheme } from "./target.js";

type RequestContext03 = FieldsContext03 & OptionsContext03;

/** What a request consists of. */
export interface RequestParts {
  readonly headers: HeaderList;
  readonly body: GuestBody;
  readonly durations: Durations | undefined;
}

export class Request03 extends Resource {
  readonly #context: RequestContext03;
  readonly #parts: RequestParts;
  readonly #head = new RequestHead();
  #isTaken = false;

  constructor(context: RequestContext03, parts: RequestParts) {
    super(context.handles, { type: "request", interface: TYPES03 }, { createdBy: `${TYPES03}#[static]request.new` });
    this.#context = context;
    this.#parts = parts;
  }

  static consumeBody(request: Request03, result: GuestFuture<void>): Consumed {
    return request.take().body.consume(result);
  }

  getMethod(): Method {
    return this.#head.method;
  }

  setMethod(method: Method): void {
    this.#head.method = method;
  }

  getPathWithQuery(): string | undefined {
    return this.#head.path;
  }

  setPathWithQuery(path: string | undefined): void {
    this.#head.path = path;
  }

  getScheme(): Scheme | undefined {
    return this.#head.scheme;
  }

  setScheme(scheme: Scheme | undefined): void {
    this.#head.scheme = scheme;
  }

  getAuthority(): string | undefined {
    return this.#head.authority;
  }

  setAuthority(authority: string | undefined): void {
    this.#head.authority = authority;
  }

  getOptions(): RequestOptions03 | undefined {
    const { durations } = this.#parts;
    const createdBy = `${TYPES03}#[method]request.get-options`;
    return durations && this.#context.newOptions(durations, false, { createdBy });
  }

  getHeaders(): Fields03 {
    const createdBy = `${TYPES03}#[method]request.get-headers`;
    return this.#context.newFields(this.#parts.headers, false, { createdBy });
  }

  /** For who takes the request from the guest. */
  take(): RequestParts & { readonly head: RequestHead } {
    this.#isTaken = true;
    this[Symbol.dispose]();
    return { ...this.#parts, head: this.#head };
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    if (!this.#isTaken) this.#parts.body.drop();
  }
}
