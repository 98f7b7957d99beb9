import { type ClientRequest, type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import type { HeaderList, HttpRequest } from "../protocol.js";
import type { Names } from "./names.ts";
import { failed, Inflow, type Post, type Remote } from "./remote.ts";

/** Follows no redirects and decodes no contents, as WASI has it: what comes is what the guest gets. */
export function startRequest(wanted: HttpRequest, names: Names, post: Post, onClosed: () => void): Remote {
  const { secure, host, port, method, path, headers, hasBody } = wanted;
  // An agent of its own: the process's may be told by its environment to use a proxy, which would connect elsewhere.
  const options = { host, port, method, path, agent: false, lookup: names.lookupFor(post) } as const;
  const request = secure ? requestSecure(options) : requestPlain(options);
  // Node has made it upper case.
  request.method = method;
  // Of more than a thousand Node would give the first; how long they may be together is checked in any case.
  request.maxHeadersCount = 0;
  for (const [name, value] of headers) request.appendHeader(name, value);
  const inflow = new Exchange(request, wanted, post);
  request.on("close", onClosed);
  // Sends the head at once; `flushHeaders` would encode it as UTF-8.
  if (hasBody) request.write(Buffer.alloc(0));
  else request.end();
  return {
    handle(command) {
      if (command.op === "write") {
        const count = command.bytes.length;
        request.write(command.bytes, (error) => error ?? post({ event: "written", count }));
      } else if (command.op === "end") {
        if (command.trailers.length > 0)
          request.addTrailers(command.trailers.map(([name, value]): [string, string] => [name, value]));
        request.end();
      } else if (command.op === "taken") inflow.taken(command.count);
      else if (command.op === "close") {
        inflow.end();
        request.destroy();
      }
    },
  };
}

/** Passes on the response, or the first thing that went wrong. */
class Exchange {
  readonly #post: Post;
  readonly #silence: Timeout;
  readonly #betweenBytes: number;
  #inflow: Inflow | undefined;
  #isOver = false;

  constructor(request: ClientRequest, wanted: HttpRequest, post: Post) {
    this.#post = post;
    this.#betweenBytes = wanted.betweenBytesTimeout;
    this.#silence = new Timeout((code) => request.destroy(Object.assign(new Error(MESSAGES[code]), { code })));
    this.#silence.start("CONNECT_TIMEOUT", wanted.connectTimeout);
    request.on("socket", (socket) => {
      socket.once(wanted.secure ? "secureConnect" : "connect", () => {
        this.#silence.start("READ_TIMEOUT", wanted.firstByteTimeout);
      });
    });
    request.on("response", (response) => this.#pass(response));
    request.on("error", (error) => this.#fail(error));
    // So ends what asks for another protocol, a tunnel for instance.
    request.on(
      "close",
      () => this.#inflow ?? this.#fail(Object.assign(new Error("no response"), { code: "ECONNRESET" })),
    );
  }

  taken(count: number): void {
    this.#inflow?.taken(count);
  }

  /** The guest reads no more. */
  end(): void {
    this.#inflow?.end();
  }

  #pass(response: IncomingMessage): void {
    const { statusCode = 0, rawHeaders } = response;
    this.#post({ event: "response", status: statusCode, headers: pairs(rawHeaders) });
    const wait = () => this.#silence.start("READ_TIMEOUT", this.#betweenBytes);
    wait();
    // A guest that does not read is not the server's silence.
    response.on("pause", () => this.#silence.stop());
    response.on("resume", wait);
    response.on("error", (error) => this.#fail(error));
    this.#inflow = new Inflow(response, this.#post);
    response.on("data", () => response.isPaused() || wait());
    response.on("end", () => {
      this.#silence.stop();
      this.#isOver = true;
      this.#post({ event: "end", trailers: pairs(response.rawTrailers) });
    });
  }

  #fail(error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#silence.stop();
    const { code } = error as NodeJS.ErrnoException;
    const isTrailer = code === "HPE_HEADER_OVERFLOW" && this.#inflow !== undefined;
    this.#post(failed(isTrailer ? Object.assign(error, { code: "TRAILER_OVERFLOW" }) : error));
  }
}

const MESSAGES = {
  CONNECT_TIMEOUT: "the connection was not made in time",
  READ_TIMEOUT: "nothing came from the server in time",
};

class Timeout {
  readonly #onEnd: (code: keyof typeof MESSAGES) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onEnd: (code: keyof typeof MESSAGES) => void) {
    this.#onEnd = onEnd;
  }

  start(code: keyof typeof MESSAGES, milliseconds: number): void {
    this.stop();
    this.#timer = setTimeout(() => this.#onEnd(code), milliseconds);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** Node gives names and values in turn. */
function pairs(raw: readonly string[]): HeaderList {
  return Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i] as string, raw[2 * i + 1] as string] as const);
}
