import { HandleTracker } from "../../src/wasi/handles.js";
import { bytesSource, InputStream, OutputStream } from "../../src/wasi/streams.js";
import { DEFAULT_TIME, Timeline } from "../../src/wasi/timeline.js";
import type { LiveInstance } from "./starlingmonkey.js";

export interface HttpRequest {
  readonly method?: string;
  /** With the query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type Header = readonly [name: string, value: Uint8Array];

// Streams need a context, and nothing here looks at its handles or its time.
const context = { handles: new HandleTracker(), timeline: new Timeline(DEFAULT_TIME) };
const origin = { createdBy: "the test's wasi:http" };
const encode = (text: string) => new TextEncoder().encode(text);

class Fields {
  #list: Header[] = [];

  static fromList(list: readonly Header[]): Fields {
    const fields = new Fields();
    fields.#list = list.map(([name, value]) => [name, value.slice()]);
    return fields;
  }

  get(name: string): Uint8Array[] {
    return this.#list.filter((header) => isNamed(header, name)).map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.get(name).length > 0;
  }

  set(name: string, values: readonly Uint8Array[]): void {
    this.delete(name);
    for (const value of values) this.append(name, value);
  }

  delete(name: string): void {
    this.#list = this.#list.filter((header) => !isNamed(header, name));
  }

  append(name: string, value: Uint8Array): void {
    this.#list.push([name, value.slice()]);
  }

  entries(): Header[] {
    return this.#list;
  }

  clone(): Fields {
    return Fields.fromList(this.#list);
  }
}

function isNamed([own]: Header, name: string): boolean {
  return own.toLowerCase() === name.toLowerCase();
}

class FutureTrailers {}

class IncomingBody {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  static finish(_body: IncomingBody): FutureTrailers {
    return new FutureTrailers();
  }

  stream(): InputStream {
    return new InputStream(context, bytesSource(this.#bytes), origin);
  }
}

class IncomingRequest {
  readonly #request: HttpRequest;

  constructor(request: HttpRequest) {
    this.#request = request;
  }

  method(): { tag: string; val?: string } {
    const name = (this.#request.method ?? "GET").toLowerCase();
    const known = ["get", "head", "post", "put", "delete", "connect", "options", "trace", "patch"];
    return known.includes(name) ? { tag: name } : { tag: "other", val: name };
  }

  pathWithQuery(): string {
    return this.#request.path;
  }

  scheme(): { tag: string } {
    return { tag: "HTTP" };
  }

  authority(): string {
    return "test.invalid";
  }

  headers(): Fields {
    return Fields.fromList(Object.entries(this.#request.headers ?? {}).map(([name, value]) => [name, encode(value)]));
  }

  consume(): IncomingBody {
    return new IncomingBody(encode(this.#request.body ?? ""));
  }
}

class OutgoingBody {
  readonly chunks: Uint8Array[] = [];
  finished = false;

  static finish(body: OutgoingBody, _trailers: Fields | undefined): void {
    body.finished = true;
  }

  write(): OutputStream {
    return new OutputStream(context, (bytes) => this.chunks.push(bytes), origin);
  }
}

class OutgoingResponse {
  readonly content = new OutgoingBody();
  status = 200;
  readonly fields: Fields;

  constructor(fields: Fields) {
    this.fields = fields;
  }

  statusCode(): number {
    return this.status;
  }

  setStatusCode(status: number): void {
    this.status = status;
  }

  headers(): Fields {
    return this.fields;
  }

  body(): OutgoingBody {
    return this.content;
  }
}

type ResponseResult = { tag: "ok"; val: OutgoingResponse } | { tag: "err"; val: unknown };

class ResponseOutparam {
  result: ResponseResult | undefined;

  static set(param: ResponseOutparam, result: ResponseResult): void {
    param.result = result;
  }
}

/** As much of `wasi:http/types` as an incoming handler needs, in memory. */
export const httpImports = {
  "wasi:http/types": {
    Fields,
    FutureTrailers,
    IncomingBody,
    IncomingRequest,
    OutgoingBody,
    OutgoingResponse,
    ResponseOutparam,
  },
};

/** Gives an instance a request, as a server does. */
export async function ask({ exports }: LiveInstance, request: HttpRequest): Promise<HttpAnswer> {
  const handler = exports.incomingHandler as { handle(request: IncomingRequest, answer: ResponseOutparam): unknown };
  const param = new ResponseOutparam();
  await handler.handle(new IncomingRequest(request), param);
  const { result } = param;
  if (result?.tag !== "ok") throw new Error(`no response: ${JSON.stringify(result)}`);
  const { status, fields, content } = result.val;
  if (!content.finished) throw new Error("the body of the response was not finished");
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");
  return {
    status,
    headers: Object.fromEntries(fields.entries().map(([name, value]) => [name.toLowerCase(), text(value)])),
    body: text(Buffer.concat(content.chunks)),
  };
}
