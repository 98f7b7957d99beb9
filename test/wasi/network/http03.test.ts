import { describe, expect, it } from "vitest";
import type { HttpError } from "../../../src/wasi/network/failure.js";
import type { GuestFuture } from "../../../src/wasi/network/http/body03.js";
import type { Fields03 } from "../../../src/wasi/network/http/fields03.js";
import type { RequestOptions03 } from "../../../src/wasi/network/http/request-options03.js";
import type { Request03 } from "../../../src/wasi/network/http/request03.js";
import type { Response03 } from "../../../src/wasi/network/http/response03.js";
import type { ByteReader } from "../../../src/wasi/streams03.js";
import { useLoopback } from "../../support/loopback.js";
import { bytes, text, thrown } from "../support.js";
import {
  collect,
  drop,
  guestFuture,
  guestStream,
  openNetwork,
  rejection,
  succeeded,
  type TestNetwork,
} from "./support.js";

const servers = useLoopback();

interface RequestParts {
  readonly path?: string;
  readonly method?: Parameters<Request03["setMethod"]>[0];
  readonly headers?: readonly (readonly [string, string])[];
  readonly port?: number;
  readonly host?: string;
  readonly secure?: boolean;
  readonly contents?: ByteReader;
  readonly trailers?: GuestFuture<Fields03 | undefined>;
  readonly options?: RequestOptions03;
}

function fieldsOf({ imports }: TestNetwork, list: readonly (readonly [string, string])[]) {
  return imports["wasi:http/types@0.3"].Fields.fromList(list.map(([name, value]) => [name, bytes(value)]));
}

function makeRequest(network: TestNetwork, parts: RequestParts) {
  const { path = "/config.json", method, headers = [], port = servers.http, host = "127.0.0.1" } = parts;
  const { Request } = network.imports["wasi:http/types@0.3"];
  const trailers = parts.trailers ?? succeeded(undefined);
  const made = Request.new(fieldsOf(network, headers), parts.contents, trailers, parts.options);
  const [request] = made;
  request.setScheme({ tag: parts.secure ? "HTTPS" : "HTTP" });
  request.setAuthority(`${host}:${port}`);
  request.setPathWithQuery(path);
  if (method !== undefined) request.setMethod(method);
  return made;
}

function send(network: TestNetwork, parts: RequestParts) {
  const [request, transmission] = makeRequest(network, parts);
  return { response: network.imports["wasi:http/client@0.3"].send(request), transmission };
}

const answerTo = (network: TestNetwork, parts: RequestParts) => send(network, parts).response;

const errorOf = async (network: TestNetwork, parts: RequestParts) =>
  (await rejection(answerTo(network, parts))) as HttpError;

const entriesOf = (fields: Fields03) => fields.copyAll().map(([name, value]) => [name, text(value)]);

function consume({ imports }: TestNetwork, response: Response03) {
  const [stream, trailers] = imports["wasi:http/types@0.3"].Response.consumeBody(response, succeeded(undefined));
  return { stream: stream as AsyncIterable<Uint8Array>, trailers };
}

async function readAll(network: TestNetwork, response: Response03) {
  const { stream, trailers } = consume(network, response);
  const content = await collect(stream);
  const fields = (await trailers)?.val as Fields03 | undefined;
  return { content, trailers: fields && entriesOf(fields), fields };
}

/** What the server says it got. */
async function seenBy(network: TestNetwork, parts: RequestParts) {
  const { response, transmission } = send(network, { path: "/request", ...parts });
  const { content } = await readAll(network, await response);
  await transmission;
  const seen = JSON.parse(content.toString()) as { rawHeaders: string[]; rawTrailers: string[] };
  const headers = seen.rawHeaders.flatMap((name, i) =>
    i % 2 === 0 ? [[name.toLowerCase(), seen.rawHeaders[i + 1]]] : [],
  );
  return { ...seen, headers: Object.fromEntries(headers) as Record<string, string> };
}

describe("an HTTP request of WASI 0.3", () => {
  it("gets a response, and leaves nothing behind", async () => {
    const network = await openNetwork([`127.0.0.1:${servers.http}`]);
    const { response: answer, transmission } = send(network, { path: "/config.json?a=b" });
    const response = await answer;
    expect(response.getStatusCode()).toBe(200);
    const headers = response.getHeaders();
    expect(entriesOf(headers)).toContainEqual(["content-type", "application/json"]);
    // Which belongs to the connection.
    expect(headers.has("connection")).toBe(false);
    expect(thrown(() => headers.append("a", bytes("b")))).toEqual({ tag: "immutable" });
    drop(headers);
    const { content, trailers } = await readAll(network, response);
    expect([content.toString(), trailers]).toEqual(['{"value":"from the build"}', undefined]);
    expect(await transmission).toEqual({ tag: "ok", val: undefined });
    expect(network.held()).toEqual([]);
    expect(network.isWaiting()).toBe(false);
    const to = `http://127.0.0.1:${servers.http}/config.json`;
    expect(network.activity()).toEqual([{ kind: "http", to, method: "GET", status: 200 }]);
  });

  it("has all headers and trailers of the response, or an error in their place", async () => {
    const network = await openNetwork();
    const response = await answerTo(network, { path: "/headers?count=1500" });
    const names = entriesOf(response.getHeaders()).map(([name]) => name as string);
    expect(names.filter((name) => /^h\d+$/.test(name))).toHaveLength(1500);
    const { trailers } = await readAll(network, await answerTo(network, { path: "/trailers?count=1500" }));
    expect(trailers).toHaveLength(1500);
    expect(await errorOf(network, { path: "/headers?count=1&length=20000" })).toEqual({
      tag: "HTTP-response-header-section-size",
      val: undefined,
    });
    const tooLong = consume(network, await answerTo(network, { path: "/trailers?count=1&length=20000" }));
    await collect(tooLong.stream);
    expect(await tooLong.trailers).toEqual({
      tag: "err",
      val: { tag: "HTTP-response-trailer-section-size", val: undefined },
    });
  });

  it("sends its method, headers as bytes, and no body that it does not have", async () => {
    const headers = [
      ["X-Kind", "é"],
      ["x-kind", "two"],
    ] as const;
    const method = { tag: "other", val: "PURGE" } as const;
    const seen = await seenBy(await openNetwork(), { path: "/request?q=1", method, headers });
    expect(seen).toMatchObject({ method: "PURGE", body: "", url: "/request?q=1" });
    const values = seen.rawHeaders.filter((_, i) => seen.rawHeaders[i - 1]?.toLowerCase() === "x-kind");
    expect(values.map((value) => Buffer.from(value, "latin1").toString())).toEqual(["é", "two"]);
    expect(seen.headers.host).toBe(`127.0.0.1:${servers.http}`);
    expect(seen.headers).not.toHaveProperty("transfer-encoding");
  });

  it("sends a body with trailers", async () => {
    const network = await openNetwork();
    const { data, state } = guestStream(["all ", "of it"]);
    const trailers = succeeded(fieldsOf(network, [["x-end", "yes"]]));
    const seen = await seenBy(network, { method: { tag: "post" }, contents: data, trailers });
    expect(seen).toMatchObject({
      body: "all of it",
      rawTrailers: ["x-end", "yes"],
      headers: { "transfer-encoding": "chunked" },
    });
    expect(state.isDropped).toBe(true);
    expect(network.held()).toEqual([]);
  });

  it("sends as much as its header says", async () => {
    const headers = [["content-length", "3"]] as const;
    const { data } = guestStream(["abc"]);
    const seen = await seenBy(await openNetwork(), { method: { tag: "put" }, headers, contents: data });
    expect(seen).toMatchObject({ body: "abc", headers: { "content-length": "3" } });
    expect(seen.headers).not.toHaveProperty("transfer-encoding");
  });

  it.each([
    ["more", "abcdef"],
    ["less", "ab"],
  ])("fails where its body is %s than its header says", async (_what, body) => {
    const network = await openNetwork();
    const headers = [["content-length", "3"]] as const;
    const { data, state } = guestStream([body]);
    const { response, transmission } = send(network, { path: "/request", headers, contents: data });
    const failure = { tag: "HTTP-request-body-size" };
    expect(await rejection(response)).toMatchObject(failure);
    expect(await rejection(transmission)).toMatchObject(failure);
    expect(state.isDropped).toBe(true);
    expect(network.isWaiting()).toBe(false);
  });

  it("waits for trailers, also without contents", async () => {
    const network = await openNetwork();
    let write = (_: { tag: "ok"; val: Fields03 | undefined }) => {};
    const { future } = guestFuture(
      new Promise<{ tag: "ok"; val: Fields03 | undefined }>((resolve) => {
        write = resolve;
      }),
    );
    const seen = seenBy(network, { method: { tag: "post" }, trailers: future });
    await new Promise((resolve) => setTimeout(resolve, 50));
    write({ tag: "ok", val: fieldsOf(network, [["x-late", "1"]]) });
    expect(await seen).toMatchObject({ body: "", rawTrailers: ["x-late", "1"] });
  });

  it("ends with the error that stands for its trailers", async () => {
    const network = await openNetwork();
    const val = { tag: "loop-detected" } as unknown as HttpError;
    const trailers = guestFuture(Promise.resolve({ tag: "err", val } as const)).future;
    const { response, transmission } = send(network, { path: "/request", contents: guestStream(["x"]).data, trailers });
    expect(await rejection(transmission)).toEqual(val);
    expect(await rejection(response)).toMatchObject({ tag: "internal-error" });
  });

  it("carries a body of megabytes there and back, with trailers", async () => {
    const network = await openNetwork();
    const sent = Buffer.alloc(6_000_000, "forth and back ");
    const { data } = guestStream([sent]);
    const { response, transmission } = send(network, { path: "/echo", method: { tag: "put" }, contents: data });
    const answer = await response;
    expect(answer.getStatusCode()).toBe(201);
    const headers = answer.getHeaders();
    expect(headers.get("X-TWO").map(text)).toEqual(["1", "é"]);
    const { content, trailers, fields } = await readAll(network, answer);
    expect(content.equals(sent)).toBe(true);
    expect(trailers).toEqual([["x-end", "reached"]]);
    await transmission;
    drop(headers, fields as Fields03);
    expect(network.held()).toEqual([]);
  });

  it("holds no trailers that the guest has not asked for", async () => {
    const network = await openNetwork();
    const contents = guestStream(["x"]).data;
    const { stream } = consume(network, await answerTo(network, { path: "/echo", contents }));
    await collect(stream);
    expect(network.held()).toEqual([]);
  });

  it("downloads more than the host keeps ahead", async () => {
    const network = await openNetwork();
    const { content } = await readAll(network, await answerTo(network, { path: "/big?size=20000000" }));
    expect(content.equals(Buffer.alloc(20_000_000, "big"))).toBe(true);
  });

  it("has no more trailers where the guest drops the body", async () => {
    const network = await openNetwork();
    const { stream, trailers } = consume(network, await answerTo(network, { path: "/big?size=20000000" }));
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.return?.();
    expect(await trailers).toBeUndefined();
    expect(network.isWaiting()).toBe(false);
  });

  it("is no more of interest where the guest says so", async () => {
    const network = await openNetwork();
    const response = await answerTo(network, { path: "/stalls" });
    const result = guestFuture(Promise.resolve({ tag: "err", val: { tag: "loop-detected" } as never } as const)).future;
    const [stream] = network.imports["wasi:http/types@0.3"].Response.consumeBody(response, result);
    await collect(stream as AsyncIterable<Uint8Array>);
    expect(network.isWaiting()).toBe(false);
  });

  it("reaches only what is allowed", async () => {
    const network = await openNetwork([`127.0.0.1:${servers.http}`]);
    const denied = { tag: "HTTP-request-denied" };
    const { data, state } = guestStream(["lost"]);
    const { response, transmission } = send(network, { port: servers.echo, contents: data });
    expect(await rejection(response)).toEqual(denied);
    expect(await rejection(transmission)).toEqual(denied);
    expect(state.isDropped).toBe(true);
    expect(await errorOf(network, { host: "localhost" })).toEqual(denied);
    expect(await errorOf(network, { host: "2130706434" })).toEqual(denied);
    drop(await answerTo(network, { host: "2130706433" }));
    expect(network.activity().slice(0, 2)).toEqual([
      { kind: "http", to: `http://127.0.0.1:${servers.echo}/config.json`, method: "GET", error: "HTTP-request-denied" },
      { kind: "http", to: `http://localhost:${servers.http}/config.json`, method: "GET", error: "HTTP-request-denied" },
    ]);
    expect(network.held()).toEqual([]);
  });

  it("is sent nowhere without a valid destination", async () => {
    const network = await openNetwork();
    const { Fields, Request } = network.imports["wasi:http/types@0.3"];
    const [request] = Request.new(new Fields(), undefined, succeeded(undefined), undefined);
    const error = await rejection(network.imports["wasi:http/client@0.3"].send(request));
    expect(error).toEqual({ tag: "HTTP-request-URI-invalid" });
    expect(network.held()).toEqual([]);
  });

  it("is refused where its length is not clear", async () => {
    const network = await openNetwork();
    expect(await errorOf(network, { headers: [["content-length", "5"]] })).toEqual({ tag: "HTTP-protocol-error" });
  });

  it.each([
    ["no one listens", { port: () => servers.closed }, { tag: "connection-refused" }],
    ["the connection ends in the middle", { path: "/upgrade" }, { tag: "connection-terminated" }],
    ["the certificate is not trusted", { port: () => servers.https, secure: true }, { tag: "TLS-certificate-error" }],
  ])(
    "fails where %s",
    async (_what, { port, ...parts }: { port?: () => number; path?: string; secure?: boolean }, error) => {
      const network = await openNetwork();
      const { response, transmission } = send(network, { ...parts, ...(port && { port: port() }) });
      expect(await rejection(response)).toEqual(error);
      expect(await rejection(transmission)).toEqual(error);
      expect(network.isWaiting()).toBe(false);
    },
  );

  it("has a body that says when it is cut", async () => {
    const network = await openNetwork();
    const { stream, trailers } = consume(network, await answerTo(network, { path: "/cut" }));
    expect((await collect(stream)).toString()).toBe("only this");
    expect(await trailers).toEqual({ tag: "err", val: { tag: "connection-terminated" } });
  });

  it("waits no longer than the guest says", async () => {
    const network = await openNetwork();
    const options = new network.imports["wasi:http/types@0.3"].RequestOptions();
    options.setFirstByteTimeout(100_000_000n);
    expect(await errorOf(network, { path: "/silent", options })).toEqual({ tag: "connection-read-timeout" });
  });

  it("can be cancelled while the server is silent", async () => {
    const network = await openNetwork();
    const { response, transmission } = send(network, { path: "/silent" });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(network.isWaiting()).toBe(true);
    response.cancel();
    await response.catch(() => undefined);
    expect(await rejection(transmission)).toEqual({ tag: "connection-terminated" });
    expect(network.isWaiting()).toBe(false);
    expect(network.held()).toEqual([]);
  });
});

describe("a request that is not sent", () => {
  it("lets go of what it was given", async () => {
    const network = await openNetwork();
    const { data, state } = guestStream(["never"]);
    const { future, state: trailers } = guestFuture(new Promise<never>(() => {}));
    const [request, transmission] = makeRequest(network, { contents: data, trailers: future });
    drop(request);
    expect([state.isDropped, trailers.isDropped]).toEqual([true, true]);
    expect(await transmission).toBeUndefined();
    expect(network.held()).toEqual([]);
  });

  it("gives its body to who consumes it, and the result to who made it", async () => {
    const network = await openNetwork();
    const { data } = guestStream(["own"]);
    const trailers = succeeded(undefined);
    const [request, transmission] = makeRequest(network, { contents: data, trailers });
    const { Request } = network.imports["wasi:http/types@0.3"];
    expect(Request.consumeBody(request, succeeded(undefined))).toEqual([data, trailers]);
    expect(await transmission).toEqual({ tag: "ok", val: undefined });
    expect(network.held()).toEqual([]);
  });

  it("has getters, and setters that check", async () => {
    const network = await openNetwork();
    const options = new network.imports["wasi:http/types@0.3"].RequestOptions();
    options.setConnectTimeout(1n);
    options.setFirstByteTimeout(2n);
    options.setBetweenBytesTimeout(3n);
    const [request] = makeRequest(network, { headers: [["A", "b"]], options });
    expect([request.getMethod(), request.getScheme(), request.getPathWithQuery(), request.getAuthority()]).toEqual([
      { tag: "get" },
      { tag: "HTTP" },
      "/config.json",
      `127.0.0.1:${servers.http}`,
    ]);
    expect(entriesOf(request.getHeaders())).toEqual([["A", "b"]]);
    expect(thrown(() => request.getHeaders().delete("A"))).toEqual({ tag: "immutable" });
    const given = request.getOptions() as RequestOptions03;
    expect([given.getConnectTimeout(), given.getFirstByteTimeout(), given.getBetweenBytesTimeout()]).toEqual([
      1n,
      2n,
      3n,
    ]);
    expect(thrown(() => given.setConnectTimeout(undefined))).toEqual({ tag: "immutable" });
    const own = given.clone();
    own.setConnectTimeout(undefined);
    expect([own.getConnectTimeout(), own.getFirstByteTimeout()]).toEqual([undefined, 2n]);
    const wrong = [
      () => request.setMethod({ tag: "other", val: "A B" }),
      () => request.setPathWithQuery("/a\r\nHost: b"),
      () => request.setScheme({ tag: "other", val: "1" }),
      () => request.setAuthority("user@host"),
    ];
    for (const set of wrong) expect(thrown(set)).toBeUndefined();
  });
});

describe("a response that a guest makes", () => {
  it("has a status, headers and a body", async () => {
    const network = await openNetwork();
    const { Response } = network.imports["wasi:http/types@0.3"];
    const { data } = guestStream(["made here"]);
    const trailers = succeeded(undefined);
    const [response, transmission] = Response.new(fieldsOf(network, [["a", "b"]]), data, trailers);
    expect(response.getStatusCode()).toBe(200);
    response.setStatusCode(404);
    expect(response.getStatusCode()).toBe(404);
    for (const status of [99, 600]) expect(thrown(() => response.setStatusCode(status))).toBeUndefined();
    const headers = response.getHeaders();
    expect(entriesOf(headers)).toEqual([["a", "b"]]);
    drop(headers);
    expect(Response.consumeBody(response, succeeded(undefined))).toEqual([data, trailers]);
    expect(await transmission).toEqual({ tag: "ok", val: undefined });
    expect(network.held()).toEqual([]);
  });
});

describe("fields of WASI 0.3", () => {
  it("change as they are told", async () => {
    const network = await openNetwork();
    const fields = new network.imports["wasi:http/types@0.3"].Fields();
    fields.append("One", bytes("1"));
    fields.append("one", bytes("2"));
    fields.set("two", [bytes("3")]);
    expect(fields.getAndDelete("ONE").map(text)).toEqual(["1", "2"]);
    expect(entriesOf(fields)).toEqual([["two", "3"]]);
    const copy = fields.clone();
    copy.delete("two");
    expect([fields.has("two"), copy.has("two")]).toEqual([true, false]);
    expect(thrown(() => fields.append("a b", bytes("")))).toEqual({ tag: "invalid-syntax" });
    expect(thrown(() => fields.set("Host", [bytes("x")]))).toEqual({ tag: "forbidden" });
  });

  it("have a limit", async () => {
    const network = await openNetwork();
    const { Fields } = network.imports["wasi:http/types@0.3"];
    const fields = new Fields();
    const large = new Uint8Array(100_000).fill(97);
    const tooLarge = { tag: "size-exceeded" };
    fields.append("a", large);
    expect(thrown(() => fields.append("a", large))).toEqual(tooLarge);
    expect(thrown(() => fields.set("b", [large]))).toEqual(tooLarge);
    expect(
      thrown(() =>
        Fields.fromList([
          ["a", large],
          ["b", large],
        ]),
      ),
    ).toEqual(tooLarge);
    expect(fields.copyAll()).toHaveLength(1);
  });
});
