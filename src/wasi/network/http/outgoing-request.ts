import { Resource } from "../../handles.js";
import { type Fields, type HttpContext, isToken, TYPES } from "./fields.js";
import { OutgoingBody, RequestBody } from "./outgoing-body.js";
import { isPath, parseAuthority, type Scheme, type Target, targetOf } from "./target.js";

export type Method =
  | { readonly tag: "get" | "head" | "post" | "put" | "delete" | "connect" | "options" | "trace" | "patch" }
  | { readonly tag: "other"; readonly val: string };

/** WIT: the setters fail when the value is not valid; their error has no payload. */
function check(isValid: boolean): void {
  if (!isValid) throw undefined;
}

export class OutgoingRequest extends Resource {
  readonly #context: HttpContext;
  readonly #headers: Fields["list"];
  readonly #body: RequestBody;
  #isBodyTaken = false;
  #method: Method = { tag: "get" };
  #path: string | undefined;
  #scheme: Scheme | undefined;
  #authority: string | undefined;

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
    check(!this.#isBodyTaken);
    this.#isBodyTaken = true;
    const createdBy = `${TYPES}#[method]outgoing-request.body`;
    return new OutgoingBody(this.#context, this.#body, { createdBy, detail: this.#authority });
  }

  method(): Method {
    return this.#method;
  }

  setMethod(method: Method): void {
    check(method.tag !== "other" || isToken(method.val));
    this.#method = method;
  }

  pathWithQuery(): string | undefined {
    return this.#path;
  }

  setPathWithQuery(path: string | undefined): void {
    check(path === undefined || isPath(path));
    this.#path = path;
  }

  scheme(): Scheme | undefined {
    return this.#scheme;
  }

  setScheme(scheme: Scheme | undefined): void {
    check(scheme?.tag !== "other" || /^[a-z][a-z0-9+.-]*$/i.test(scheme.val));
    this.#scheme = scheme;
  }

  authority(): string | undefined {
    return this.#authority;
  }

  setAuthority(authority: string | undefined): void {
    check(authority === undefined || parseAuthority(authority) !== undefined);
    this.#authority = authority;
  }

  headers(): Fields {
    const createdBy = `${TYPES}#[method]outgoing-request.headers`;
    return this.#context.newFields(this.#headers, false, { createdBy });
  }

  /** What is to be sent, once. */
  take(): { method: string; target: Target; headers: Fields["list"]; body: RequestBody | undefined } {
    this[Symbol.dispose]();
    return {
      method: this.#method.tag === "other" ? this.#method.val : this.#method.tag.toUpperCase(),
      target: targetOf(this.#scheme, this.#authority, this.#path),
      headers: this.#headers,
      body: this.#isBodyTaken ? this.#body : undefined,
    };
  }
}
