import { Resource } from "../../handles.js";
import type { OutgoingMessage } from "./exchange.js";
import { type Fields, type HttpContext, TYPES } from "./fields.js";
import { OutgoingBody, RequestBody } from "./outgoing-body.js";
import { type Method, RequestHead } from "./request-head.js";
import type { Scheme } from "./target.js";

export class OutgoingRequest extends Resource {
  readonly #context: HttpContext;
  readonly #headers: Fields["list"];
  readonly #body: RequestBody;
  #isBodyTaken = false;
  readonly #head = new RequestHead();

  /** @param headers - the request's own from now on */
  constructor(context: HttpContext, headers: Fields) {
    const createdBy = `${TYPES}#[constructor]outgoing-request`;
    super(context.handles, { type: "outgoing-request", interface: TYPES }, { createdBy });
    this.#context = context;
    this.#headers = headers.list;
    this.#body = new RequestBody(context, headers.list);
    headers[Symbol.dispose]();
  }

  body(): OutgoingBody {
    if (this.#isBodyTaken) throw undefined;
    this.#isBodyTaken = true;
    const createdBy = `${TYPES}#[method]outgoing-request.body`;
    return new OutgoingBody(this.#context, this.#body, { createdBy, detail: this.#head.authority });
  }

  method(): Method {
    return this.#head.method;
  }

  setMethod(method: Method): void {
    this.#head.method = method;
  }

  pathWithQuery(): string | undefined {
    return this.#head.path;
  }

  setPathWithQuery(path: string | undefined): void {
    this.#head.path = path;
  }

  scheme(): Scheme | undefined {
    return this.#head.scheme;
  }

  setScheme(scheme: Scheme | undefined): void {
    this.#head.scheme = scheme;
  }

  authority(): string | undefined {
    return this.#head.authority;
  }

  setAuthority(authority: string | undefined): void {
    this.#head.authority = authority;
  }

  headers(): Fields {
    const createdBy = `${TYPES}#[method]outgoing-request.headers`;
    return this.#context.newFields(this.#headers, false, { createdBy });
  }

  /** What is to be sent, once. */
  take(): OutgoingMessage {
    this[Symbol.dispose]();
    return {
      method: this.#head.methodName,
      target: this.#head.target,
      headers: this.#headers,
      body: this.#isBodyTaken ? this.#body : undefined,
    };
  }
}
