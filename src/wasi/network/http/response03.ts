import { type HandleOrigin, Resource } from "../../handles.js";
import type { HeaderList } from "../protocol.js";
import type { Body, Consumed, GuestFuture } from "./body03.js";
import { type Fields03, type FieldsContext03, TYPES03 } from "./fields03.js";

export class Response03 extends Resource {
  readonly #context: FieldsContext03;
  readonly #headers: HeaderList;
  readonly #body: Body;
  readonly #detail: string | undefined;
  #status: number;
  #isTaken = false;

  constructor(context: FieldsContext03, status: number, headers: HeaderList, body: Body, origin: HandleOrigin) {
    super(context.handles, { type: "response", interface: TYPES03 }, origin);
    this.#context = context;
    this.#status = status;
    this.#headers = headers;
    this.#body = body;
    this.#detail = origin.detail;
  }

  static consumeBody(response: Response03, result: GuestFuture<void>): Consumed {
    response.#isTaken = true;
    response[Symbol.dispose]();
    return response.#body.consume(result);
  }

  getStatusCode(): number {
    return this.#status;
  }

  /** As in Wasmtime, valid is what HTTP has classes for. */
  setStatusCode(status: number): void {
    if (status < 100 || status > 599) throw undefined;
    this.#status = status;
  }

  getHeaders(): Fields03 {
    const createdBy = `${TYPES03}#[method]response.get-headers`;
    return this.#context.newFields(this.#headers, false, { createdBy, detail: this.#detail });
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    if (!this.#isTaken) this.#body.drop();
  }
}
