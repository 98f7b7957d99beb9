import { describe, expect, it } from "vitest";
import type { HttpError } from "../../../src/wasi/network/failure.js";
import type { Fields } from "../../../src/wasi/network/http/fields.js";
import type { IncomingResponse } from "../../../src/wasi/network/http/incoming-response.js";
import type { OutgoingRequest } from "../../../src/wasi/network/http/outgoing-request.js";
import { useLoopback } from "../../support/loopback.js";
import { bytes, text, thrown } from "../support.js";
import { drop, openNetwork, readAll, type TestNetwork, writeAll } from "./support.js";

const servers = useLoopback();

interface RequestParts {
  readonly path?: string;
  readonly method?: Parameters<OutgoingRequest["setMethod"]>[0];
  readonly headers?: readonly (readonly [string, string])[];
  readonly port?: number;
  readonly host?: string;
  readonly secure?: boolean;
}

function makeRequest({ imports }: TestNetwork, parts: RequestParts): OutgoingRequest {
  const { Fields, OutgoingRequest } = imports["wasi:http/types"];
  const {
    path = "/config.json",
    method,
    headers = [],
    port = servers.http,
    host = "127.0.0.1",
    secure = false,
  } = parts;
  const request = new OutgoingRequest(Fields.fromList(headers.map(([name, value]) => [name, bytes(value)])));
  request.setScheme({ tag: secure ? "HTTPS" : "HTTP" });
  request.setAuthority(`${host}:${port}`);
  request.setPathWithQuery(path);
  if (method !== undefined) request.setMethod(method);
  return request;
}

function settle(future: ReturnType<TestNetwork["imports"]["wasi:http/outgoing-handler"]["handle"]>) {
  const pollable = future.subscribe();
  pollable.block();
  drop(pollable);
  const result = future.get();
  expect(future.get()).toEqual({ tag: "err", val: undefined });
  drop(future);
  return result?.val as { tag: "ok"; val: IncomingResponse } | { tag: "err"; val: HttpError };
}

function answerTo(network: TestNetwork, parts: RequestParts): IncomingResponse {
  const result = settle(network.imports["wasi:http/outgoing-handler"].handle(makeRequest(network, parts)));
  if (result.tag === "err") throw new Error(result.val.tag);
  return result.val;
}

function errorOf(network: TestNetwork, parts: RequestParts): HttpError {
  const result = settle(network.imports["wasi:http/outgoing-handler"].handle(makeRequest(network, parts)));
  if (result.tag === "ok") throw new Error("the request succeeded");
  return result.val;
}

function entriesOf(fields: Fields): [string, string][] {
  return fields.entries().map(([name, value]) => [name, text(value)]);
}

/** Reads a response to its end, where no trailers are, and drops everything. */
function consume(network: TestNetwork, response: IncomingResponse) {
  const body = response.consume();
  expect(thrown(() => response.consume())).toBeUndefined();
  const stream = body.stream();
  expect(thrown(() => body.stream())).toBeUndefined();
  const content = readAll(stream);
  drop(stream);
  const future = network.imports["wasi:http/types"].IncomingBody.finish(body);
  const pollable = future.subscribe();
  pollable.block();
  expect(future.get()).toEqual({ tag: "ok", val: { tag: "ok", val: undefined } });
  expect(future.get()).toEqual({ tag: "err", val: undefined });
  drop(pollable, future, response);
  return content;
}

/** What the server says it got. */
function seenBy(network: TestNetwork, parts: RequestParts, write?: (request: OutgoingRequest) => void) {
  const request = makeRequest(network, { path: "/request", ...parts });
  write?.(request);
  const result = settle(network.imports["wasi:http/outgoing-handler"].handle(request));
  const content = consume(network, result.val as IncomingResponse);
  const seen = JSON.parse(content.toString()) as {
    method: string;
    rawHeaders: string[];
    rawTrailers: string[];
    body: string;
  };
  const headers = seen.rawHeaders.flatMap((name, i) =>
    i % 2 === 0 ? [[name.toLowerCase(), seen.rawHeaders[i + 1]]] : [],
  );
  return { ...seen, headers: Object.fromEntries(headers) as Record<string, string> };
}

describe("an HTTP request", () => {
  it("gets a response, and leaves nothing behind when all is dropped", async () => {
    const network = await openNetwork([`127.0.0.1:${servers.http}`]);
    const response = answerTo(network, { path: "/config.json?a=b" });
    expect(response.status()).toBe(200);
    const headers = response.headers();
    expect(entriesOf(headers)).toContainEqual(["content-type", "application/json"]);
    // Which belongs to the connection.
    expect(headers.has("connection")).toBe(false);
    expect(thrown(() => headers.append("a", bytes("b")))).toEqual({ tag: "immutable" });
    drop(headers);
    expect(consume(network, response).toString()).toBe('{"value":"from the build"}');
    expect(network.held()).toEqual([]);
    const to = `http://127.0.0.1:${servers.http}/config.json`;
    expect(network.activity()).toEqual([{ kind: "http", to, method: "GET", status: 200 }]);
  });

  it("sends its method, headers as bytes, and no body that it does not have", async () => {
    const network = await openNetwork();
    const headers = [
      ["X-Kind", "é"],
      ["x-kind", "two"],
    ] as const;
    const seen = seenBy(network, { path: "/request?q=1", method: { tag: "other", val: "PURGE" }, headers });
    // Node's servers know no method in lower case.
    expect(answerTo(network, { path: "/request", method: { tag: "other", val: "get" } }).status()).toBe(400);
    expect(seen).toMatchObject({ method: "PURGE", body: "", url: "/request?q=1" });
    const values = seen.rawHeaders.filter((_, i) => seen.rawHeaders[i - 1]?.toLowerCase() === "x-kind");
    expect(values.map((value) => Buffer.from(value, "latin1").toString())).toEqual(["é", "two"]);
    expect(seen.headers.host).toBe(`127.0.0.1:${servers.http}`);
    expect(seen.headers).not.toHaveProperty("transfer-encoding");
  });

  it("sends a body that was written before", async () => {
    const network = await openNetwork();
    const { OutgoingBody } = network.imports["wasi:http/types"];
    const seen = seenBy(network, { method: { tag: "post" } }, (request) => {
      const body = request.body();
      expect(thrown(() => request.body())).toBeUndefined();
      const stream = body.write();
      expect(thrown(() => body.write())).toBeUndefined();
      stream.blockingWriteAndFlush(bytes("all "));
      stream.blockingWriteAndFlush(bytes("of it"));
      drop(stream);
      OutgoingBody.finish(body, undefined);
    });
    expect(seen).toMatchObject({ body: "all of it", headers: { "content-length": "9" } });
    expect(network.held()).toEqual([]);
  });

  it("sends trailers", async () => {
    const network = await openNetwork();
    const { Fields, OutgoingBody } = network.imports["wasi:http/types"];
    const seen = seenBy(network, { method: { tag: "get" } }, (request) => {
      const body = request.body();
      OutgoingBody.finish(body, Fields.fromList([["x-end", bytes("yes")]]));
    });
    expect(seen).toMatchObject({ rawTrailers: ["x-end", "yes"], headers: { "transfer-encoding": "chunked" } });
  });

  it("carries a body of megabytes there and back, with trailers", async () => {
    const network = await openNetwork();
    const request = makeRequest(network, { path: "/echo", method: { tag: "put" } });
    const body = request.body();
    const stream = body.write();
    const future = network.imports["wasi:http/outgoing-handler"].handle(request);
    const result = settle(future);
    expect(result.tag).toBe("ok");
    const response = result.val as IncomingResponse;
    expect(response.status()).toBe(201);
    const headers = response.headers();
    expect(headers.get("X-TWO").map(text)).toEqual(["1", "é"]);
    const incoming = response.consume();
    const input = incoming.stream();
    const sent = Buffer.alloc(600_000, "forth and back ");
    const received: Uint8Array[] = [];
    for (let i = 0; i < 10; i++) {
      writeAll(stream, sent);
      received.push(input.blockingRead(1n << 20n));
    }
    stream.blockingFlush();
    drop(stream);
    network.imports["wasi:http/types"].OutgoingBody.finish(body, undefined);
    received.push(readAll(input));
    expect(Buffer.concat(received).equals(Buffer.concat(new Array(10).fill(sent)))).toBe(true);
    drop(input, headers);
    const trailers = network.imports["wasi:http/types"].IncomingBody.finish(incoming);
    trailers.subscribe().block();
    const got = trailers.get() as { val: { val: Fields } };
    expect(entriesOf(got.val.val)).toEqual([["x-end", "reached"]]);
  });

  it("downloads more than the host keeps ahead", async () => {
    const network = await openNetwork();
    const content = consume(network, answerTo(network, { path: "/big?size=20000000" }));
    expect(content.length).toBe(20_000_000);
    expect(content.equals(Buffer.alloc(20_000_000, "big"))).toBe(true);
  });

  it("has trailers also where the body was not read", async () => {
    const network = await openNetwork();
    const response = answerTo(network, { path: "/big?size=5000000" });
    const future = network.imports["wasi:http/types"].IncomingBody.finish(response.consume());
    future.subscribe().block();
    expect(future.get()).toEqual({ tag: "ok", val: { tag: "ok", val: undefined } });
  });

  it("has all headers and trailers of the response, or an error in their place", async () => {
    const network = await openNetwork();
    const response = answerTo(network, { path: "/headers?count=1500" });
    const names = entriesOf(response.headers()).map(([name]) => name);
    expect(names.filter((name) => /^h\d+$/.test(name))).toHaveLength(1500);
    const { IncomingBody } = network.imports["wasi:http/types"];
    const trailersOf = (path: string) => {
      const future = IncomingBody.finish(answerTo(network, { path }).consume());
      future.subscribe().block();
      return future.get()?.val as { tag: "ok"; val: Fields } | { tag: "err"; val: HttpError };
    };
    const trailers = trailersOf("/trailers?count=1500").val as Fields;
    expect(trailers.entries()).toHaveLength(1500);
    expect(errorOf(network, { path: "/headers?count=1&length=20000" })).toEqual({
      tag: "HTTP-response-header-section-size",
      val: undefined,
    });
    const tooLong = trailersOf("/trailers?count=1&length=20000");
    expect(tooLong).toEqual({ tag: "err", val: { tag: "HTTP-response-trailer-section-size", val: undefined } });
    expect(network.activity().at(-1)).toMatchObject({ status: 200, error: "HTTP-response-trailer-section-size" });
  });

  it("follows no redirects", async () => {
    const response = answerTo(await openNetwork(), { path: "/redirect" });
    expect(response.status()).toBe(302);
    expect(response.headers().get("location").map(text)).toEqual(["/config.json"]);
  });

  it("reaches only what is allowed", async () => {
    const network = await openNetwork([`127.0.0.1:${servers.http}`]);
    const send = (parts: RequestParts) => () => errorOf(network, parts);
    const denied = { tag: "HTTP-request-denied" };
    expect(thrown(send({ port: servers.echo }))).toEqual(denied);
    expect(thrown(send({ host: "localhost" }))).toEqual(denied);
    expect(thrown(send({ host: "2130706434" }))).toEqual(denied);
    expect(answerTo(network, { host: "2130706433" }).status()).toBe(200);
    expect(network.activity().slice(0, 2)).toEqual([
      { kind: "http", to: `http://127.0.0.1:${servers.echo}/config.json`, method: "GET", error: "HTTP-request-denied" },
      { kind: "http", to: `http://localhost:${servers.http}/config.json`, method: "GET", error: "HTTP-request-denied" },
    ]);
    expect(network.held().filter((type) => type !== "incoming-response")).toEqual([]);
  });

  it("reaches a name that is allowed, and then so do sockets", async () => {
    const network = await openNetwork([`localhost:${servers.http}`]);
    const socket = network.imports["wasi:sockets/tcp-create-socket"].createTcpSocket("ipv4");
    const handle = network.imports["wasi:sockets/instance-network"].instanceNetwork();
    const address = { tag: "ipv4", val: { port: servers.http, address: [127, 0, 0, 1] } } as const;
    expect(thrown(() => socket.startConnect(handle, address))).toBe("access-denied");
    expect(answerTo(network, { host: "LocalHost" }).status()).toBe(200);
    socket.startConnect(handle, address);
  });

  it("is sent nowhere without a valid destination", async () => {
    const network = await openNetwork();
    const { Fields, OutgoingRequest } = network.imports["wasi:http/types"];
    const { handle } = network.imports["wasi:http/outgoing-handler"];
    const request = () => new OutgoingRequest(new Fields());
    expect(thrown(() => handle(request()))).toEqual({ tag: "HTTP-request-URI-invalid" });
    const other = request();
    other.setScheme({ tag: "other", val: "ftp" });
    other.setAuthority("localhost");
    expect(thrown(() => handle(other))).toEqual({ tag: "HTTP-request-URI-invalid" });
    expect(network.held()).toEqual([]);
  });

  it("has setters that check", async () => {
    const request = makeRequest(await openNetwork(), {});
    const wrong = [
      () => request.setMethod({ tag: "other", val: "A B" }),
      () => request.setPathWithQuery("/a b"),
      () => request.setPathWithQuery("/a\r\nHost: b"),
      () => request.setPathWithQuery("a"),
      () => request.setPathWithQuery("/#a"),
      () => request.setScheme({ tag: "other", val: "1" }),
      () => request.setAuthority("a@b"),
      () => request.setAuthority("a/b"),
      () => request.setAuthority("a:99999"),
      () => request.setAuthority(""),
    ];
    // The error case has no payload.
    for (const call of wrong) expect(thrown(call)).toBeUndefined();
    for (const authority of ["[::1]:80", "a.example", undefined]) request.setAuthority(authority);
    expect(request.pathWithQuery()).toBe("/config.json");
    expect(request.method()).toEqual({ tag: "get" });
  });
});

describe("an HTTP request that fails", () => {
  it("says why", async () => {
    const network = await openNetwork();
    expect(errorOf(network, { port: servers.closed })).toEqual({ tag: "connection-refused" });
    expect(errorOf(network, { host: "nowhere.invalid" })).toMatchObject({ tag: "DNS-error" });
    // It speaks no HTTP: what it sends back is the request.
    expect(errorOf(network, { port: servers.echo })).toEqual({ tag: "HTTP-protocol-error" });
    expect(errorOf(network, { path: "/upgrade" })).toEqual({ tag: "connection-terminated" });
    expect(network.activity().map(({ error }) => error)).toEqual([
      "connection-refused",
      "DNS-error",
      "HTTP-protocol-error",
      "connection-terminated",
    ]);
  });

  it("trusts no certificate that the system does not", async () => {
    const network = await openNetwork();
    const tls = { host: "localhost", port: servers.https, secure: true };
    expect(errorOf(network, tls)).toEqual({ tag: "TLS-certificate-error" });
    expect(errorOf(network, { ...tls, port: servers.http })).toEqual({ tag: "TLS-protocol-error" });
  });

  it("breaks off in the body", async () => {
    const network = await openNetwork();
    const body = answerTo(network, { path: "/cut" }).consume();
    const stream = body.stream();
    const error = thrown(() => readAll(stream)) as { tag: string; val: Parameters<HttpErrorCode>[0] };
    expect(error.tag).toBe("last-operation-failed");
    expect(network.imports["wasi:http/types"].httpErrorCode(error.val)).toEqual({ tag: "connection-terminated" });
    expect(thrown(() => stream.read(1n))).toEqual({ tag: "closed" });
    const trailers = network.imports["wasi:http/types"].IncomingBody.finish(body);
    expect(trailers.get()).toEqual({ tag: "ok", val: { tag: "err", val: { tag: "connection-terminated" } } });
  });

  it("waits no longer than the guest says", async () => {
    const network = await openNetwork();
    const { RequestOptions } = network.imports["wasi:http/types"];
    const options = (set: (options: InstanceType<typeof RequestOptions>) => void) => {
      const made = new RequestOptions();
      set(made);
      return made;
    };
    const { handle } = network.imports["wasi:http/outgoing-handler"];
    const silent = handle(
      makeRequest(network, { path: "/silent" }),
      options((made) => made.setFirstByteTimeout(50_000_000n)),
    );
    expect(settle(silent)).toEqual({ tag: "err", val: { tag: "connection-read-timeout" } });
    const stalling = settle(
      handle(
        makeRequest(network, { path: "/stalls" }),
        options((made) => made.setBetweenBytesTimeout(50_000_000n)),
      ),
    );
    const body = (stalling.val as IncomingResponse).consume();
    const error = thrown(() => readAll(body.stream())) as { val: Parameters<HttpErrorCode>[0] };
    expect(network.imports["wasi:http/types"].httpErrorCode(error.val)).toEqual({ tag: "connection-read-timeout" });
    expect(options((made) => made.setConnectTimeout(7n)).connectTimeout()).toBe(7n);
  });

  it("sends as much as it says", async () => {
    const network = await openNetwork();
    const { OutgoingBody, httpErrorCode } = network.imports["wasi:http/types"];
    const short = makeRequest(network, { method: { tag: "post" }, headers: [["content-length", "5"]] });
    const shortBody = short.body();
    shortBody.write().write(bytes("four"));
    const shortError = thrown(() => OutgoingBody.finish(shortBody, undefined));
    expect(shortError).toEqual({ tag: "HTTP-request-body-size", val: 4n });
    const long = makeRequest(network, { method: { tag: "post" }, headers: [["content-length", "3"]] });
    const stream = long.body().write();
    stream.write(bytes("four"));
    const longError = thrown(() => stream.write(bytes("!"))) as { val: Parameters<HttpErrorCode>[0] };
    expect(httpErrorCode(longError.val)).toMatchObject({ tag: "HTTP-request-body-size" });
  });

  it("has no trailers where its length is said, which leaves no place for them", async () => {
    const network = await openNetwork();
    const { Fields, OutgoingBody } = network.imports["wasi:http/types"];
    const body = makeRequest(network, { method: { tag: "post" }, headers: [["content-length", "0"]] }).body();
    const trailers = Fields.fromList([["x-end", bytes("yes")]]);
    expect(thrown(() => OutgoingBody.finish(body, trailers))).toEqual({ tag: "HTTP-protocol-error" });
  });

  it("is no longer than what is on its way may be", async () => {
    const network = await openNetwork([`127.0.0.1:${servers.http}`]);
    const { handle } = network.imports["wasi:http/outgoing-handler"];
    const path = `/${"a".repeat(70_000)}`;
    expect(thrown(() => handle(makeRequest(network, { path })))).toEqual({ tag: "HTTP-request-URI-too-long" });
    // What is refused is told of before anything else.
    expect(thrown(() => handle(makeRequest(network, { path, port: 1 })))).toEqual({ tag: "HTTP-request-denied" });
    expect(network.activity()).toEqual([
      {
        kind: "http",
        to: expect.stringMatching(/^http:\/\/127\.0\.0\.1:1\/a+… \(\d+ more characters\)$/),
        method: "GET",
        error: "HTTP-request-denied",
      },
    ]);
    expect(network.activity()[0]?.to.length).toBeLessThan(1100);
  });

  it("is ended when its body is dropped unfinished", async () => {
    const network = await openNetwork();
    const request = makeRequest(network, { path: "/request", method: { tag: "post" } });
    const body = request.body();
    const future = network.imports["wasi:http/outgoing-handler"].handle(request);
    drop(body);
    expect(settle(future)).toMatchObject({ tag: "err", val: { tag: "internal-error" } });
  });

  it("is ended when its body was dropped unfinished before it was sent", async () => {
    const network = await openNetwork();
    // A server that answers before it has the body.
    const request = makeRequest(network, { path: "/config.json", method: { tag: "post" } });
    drop(request.body());
    const future = network.imports["wasi:http/outgoing-handler"].handle(request);
    expect(settle(future)).toMatchObject({ tag: "err", val: { tag: "internal-error" } });
    expect(network.activity()).toMatchObject([{ kind: "http", method: "POST" }]);
  });

  it("does not wait for room that only the guest could make", async () => {
    const network = await openNetwork();
    const stream = makeRequest(network, { method: { tag: "post" } })
      .body()
      .write();
    writeAll(stream, new Uint8Array(1 << 20));
    expect(thrown(() => writeAll(stream, bytes("x")))).toMatchObject({ code: "init-trapped" });
  });
});

type HttpErrorCode = TestNetwork["imports"]["wasi:http/types"]["httpErrorCode"];

describe("fields", () => {
  it("are a list with names in any case", async () => {
    const { Fields } = (await openNetwork()).imports["wasi:http/types"];
    const fields = Fields.fromList([
      ["Accept", bytes("a")],
      ["accept", bytes("b")],
      ["other", Uint8Array.of(0xff)],
    ]);
    expect(fields.get("ACCEPT").map(text)).toEqual(["a", "b"]);
    expect(fields.get("other")).toEqual([Uint8Array.of(0xff)]);
    expect([fields.has("oTher"), fields.has("none")]).toEqual([true, false]);
    const copy = fields.clone();
    fields.set("accept", [bytes("c")]);
    fields.append("x", bytes("1"));
    fields.delete("OTHER");
    expect(entriesOf(fields)).toEqual([
      ["accept", "c"],
      ["x", "1"],
    ]);
    expect(copy.get("accept")).toHaveLength(2);
  });

  it("have an end, as in Wasmtime", async () => {
    const { Fields } = (await openNetwork()).imports["wasi:http/types"];
    const fields = new Fields();
    for (let i = 0; i < 4; i++) fields.append(`x${i}`, new Uint8Array(32_000).fill(97));
    const more = new Uint8Array(4000).fill(97);
    expect(thrown(() => fields.append("y", more))).toBeInstanceOf(WebAssembly.RuntimeError);
    expect(thrown(() => fields.set("y", [more]))).toBeInstanceOf(WebAssembly.RuntimeError);
    expect(thrown(() => Fields.fromList([["y", new Uint8Array(140_000).fill(97)]]))).toBeInstanceOf(
      WebAssembly.RuntimeError,
    );
    // What is replaced gives its place.
    fields.set("X0", [new Uint8Array(30_000).fill(97)]);
    fields.append("y", new Uint8Array(3000).fill(97));
    expect(fields.entries().map(([name]) => name)).toEqual(["x1", "x2", "x3", "X0", "y"]);
  });

  it("refuse what is no header, and what is the host's", async () => {
    const { Fields } = (await openNetwork()).imports["wasi:http/types"];
    const fields = new Fields();
    for (const [name, value] of [
      ["a b", "x"],
      ["", "x"],
      ["a", "x\ny"],
      ["a", "\0"],
    ] as const) {
      expect(thrown(() => fields.append(name, bytes(value)))).toEqual({ tag: "invalid-syntax" });
      expect(thrown(() => fields.set(name, [bytes(value)]))).toEqual({ tag: "invalid-syntax" });
      expect(thrown(() => Fields.fromList([[name, bytes(value)]]))).toEqual({ tag: "invalid-syntax" });
    }
    for (const name of ["Host", "connection", "Transfer-Encoding"]) {
      expect(thrown(() => fields.append(name, bytes("x")))).toEqual({ tag: "forbidden" });
    }
    expect(fields.entries()).toEqual([]);
  });
});

describe("where a request ends is clear to everyone", () => {
  it.each([
    [[["content-length", "+5"]]],
    [[["content-length", "5, 5"]]],
    [[["content-length", "5 "]]],
    [[["content-length", "abc"]]],
    [
      [
        ["content-length", "5"],
        ["Content-Length", "50"],
      ],
    ],
  ] as const)("%j is refused", async (headers) => {
    const network = await openNetwork();
    const request = makeRequest(network, { method: { tag: "post" }, headers });
    const body = request.body();
    const { handle } = network.imports["wasi:http/outgoing-handler"];
    expect(thrown(() => handle(request))).toEqual({ tag: "HTTP-protocol-error" });
    drop(body);
  });

  it("a length without a body is refused, but for none", async () => {
    const network = await openNetwork();
    const { handle } = network.imports["wasi:http/outgoing-handler"];
    const headers = [["content-length", "5"]] as const;
    expect(thrown(() => handle(makeRequest(network, { headers })))).toEqual({ tag: "HTTP-protocol-error" });
    expect(answerTo(network, { headers: [["content-length", "0"]] }).status()).toBe(200);
  });
});

it("the report shows a host as it was understood", async () => {
  const network = await openNetwork();
  drop(answerTo(network, { host: "①②⑦.0.0.1" }));
  expect(network.activity()[0]?.to).toBe(`http://127.0.0.1:${servers.http}/config.json`);
});
