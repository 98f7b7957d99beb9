import { beforeAll, describe, expect, test } from "vitest";
import { type PreinitializeOptions, preinitialize } from "../../src/index.js";
import { loadFixture } from "../support/fixtures.js";
import { jcoSession } from "../support/jco.js";
import { useLoopback } from "../support/loopback.js";
import { refusal } from "../support/refusal.js";

const servers = useLoopback();

let program: Uint8Array;
beforeAll(async () => {
  program = await loadFixture("c-network-0.3");
});

const here = (port: number) => `127.0.0.1:${port}`;

/** What the guest has to say, from the output. */
async function run(initFunc: string, network: PreinitializeOptions["network"], more: PreinitializeOptions = {}) {
  const { component, report } = await preinitialize(program, { initFunc, ...(network && { network }), ...more });
  const { outcomes } = await jcoSession(component, { calls: [{ export: "log" }], imports: {} });
  const [outcome] = outcomes;
  if (outcome === undefined || !("ok" in outcome)) throw new Error(JSON.stringify(outcome));
  return { log: (outcome.ok as string).split("\n").slice(0, -1), report };
}

describe("a component that uses the network of WASI 0.3", () => {
  test("keeps what it got over a TCP connection", async () => {
    const to = here(servers.echo);
    const { log, report } = await run(`exchange(${servers.echo}, "question")`, [to]);
    expect(log).toEqual(["create: ok", "connect: ok", "sent: ok", "question", "received: ok"]);
    expect(report.host.network).toEqual([{ kind: "tcp", to }]);
    expect(report.warnings).toEqual([
      `initialization used the network (${to}): the output depends on what it found there`,
    ]);
  });

  test("sends what is longer than a chunk, and gets it back", async () => {
    const long = "0123456789".repeat(1000);
    const { log } = await run(`exchange(${servers.echo}, "${long}")`, true);
    expect(log[3]).toBe(long);
  });

  test("keeps what it got over UDP", async () => {
    const to = here(servers.udp);
    const { log, report } = await run(`exchange-datagram(${servers.udp}, "question")`, [to]);
    expect(log).toEqual(["create: ok", "send: ok", "receive: ok", "question! from there"]);
    expect(report.host.network).toEqual([{ kind: "udp", to }]);
  });

  test("keeps what a name means", async () => {
    const { log, report } = await run('resolve("localhost")', ["localhost:80"]);
    expect(log).toEqual(["resolve-addresses: ok", "127.0.0.1"]);
    expect(report.host.network).toEqual([{ kind: "lookup", to: "localhost" }]);
  });

  test("keeps a response with its trailers", async () => {
    const { log, report } = await run(`request(${servers.http}, "/echo", "there and back")`, [here(servers.http)]);
    expect(log).toEqual([
      "send: ok",
      "201",
      "x-two: 1",
      "x-two: é",
      "there and back",
      "trailers: ok",
      "x-end: reached",
      "transmission: ok",
    ]);
    const to = `http://${here(servers.http)}/echo`;
    expect(report.host.network).toEqual([{ kind: "http", to, method: "POST", status: 201 }]);
  });

  test("sends headers, a body and trailers", async () => {
    const { log } = await run(`request(${servers.http}, "/request?q=1", "contents")`, true);
    const seen = JSON.parse(log[2] as string) as { rawHeaders: string[] };
    expect(seen).toMatchObject({
      method: "POST",
      url: "/request?q=1",
      body: "contents",
      rawTrailers: ["x-sent", "all"],
    });
    expect(seen.rawHeaders).toEqual(expect.arrayContaining(["x-kind", "guest"]));
  });

  test("learns that no one listens", async () => {
    expect((await run(`exchange(${servers.closed}, "x")`, true)).log).toEqual([
      "create: ok",
      "connect: connection-refused",
    ]);
  });

  test("gets no datagram for a call that it has cancelled", async () => {
    const { log } = await run(`cancel-receive(${servers.udp})`, true);
    expect(log).toEqual(["bind: ok", "cancelled", "send: ok", "receive: ok", "first!"]);
  });

  test("can be traced", async () => {
    const calls: string[] = [];
    const onHostCall: NonNullable<PreinitializeOptions["onHostCall"]> = ({ import: name, error, result }) =>
      calls.push(`${name} ${JSON.stringify(error ?? result)}`);
    await run(`cancel-receive(${servers.udp})`, true, { onHostCall });
    expect(calls).toContain('wasi:sockets/types@0.3#[static]udp-socket.create {"handle":"udp-socket","id":1}');
    expect(calls.at(-1)).toMatch(/^wasi:sockets\/types@0.3#\[method\]udp-socket.receive \[/);
    calls.length = 0;
    await run(`request(${servers.http}, "/echo", "x")`, true, { onHostCall });
    expect(calls.some((call) => call.startsWith('wasi:http/client@0.3#send {"handle":"response"'))).toBe(true);
  });
});

describe("time next to the network of WASI 0.3", () => {
  const timed = async (call: string) => {
    const started = performance.now();
    const { log } = await run(call, true);
    return { log: log.slice(2), took: performance.now() - started };
  };

  test("is real for a peer that says nothing, as long as the timer says", async () => {
    const { log, took } = await timed(`wait-for-reply(${servers.silent}, 300)`);
    expect(log).toEqual(["timeout", "late", "sent: ok"]);
    expect(took).toBeGreaterThan(300);
  });

  test("does not pass for a timer that is cancelled when the peer has answered", async () => {
    // Ten minutes, which no test has.
    const { log } = await timed(`wait-for-reply(${servers.echo}, 600000)`);
    expect(log).toEqual(["reply", "early", "sent: ok"]);
  });

  test("is virtual again when nothing more can come", async () => {
    const { log } = await timed(`wait-for-both(${servers.echo}, 600000)`);
    expect(log).toEqual(["reply", "timeout", "late", "sent: ok"]);
  });
});

describe("without a grant", () => {
  const cases = [
    ['exchange(9, "x")', "create: access-denied", "wasi:sockets/types@0.3.0#[static]tcp-socket.create"],
    ['exchange-datagram(9, "x")', "create: access-denied", "wasi:sockets/types@0.3.0#[static]udp-socket.create"],
    ['resolve("localhost")', "resolve-addresses: access-denied", "wasi:sockets/ip-name-lookup@0.3.0#resolve-addresses"],
  ] as const;

  test.each(cases)("%s says %s", async (call, line, name) => {
    const { log, report } = await run(call, undefined);
    expect(log).toEqual([line]);
    expect(report.host.refused).toEqual([{ import: name, count: 1 }]);
    expect(report.host).not.toHaveProperty("network");
  });

  test("a request cannot be made", async () => {
    const options = { initFunc: 'request(9, "/", "x")' };
    const { message } = await refusal(program, options, "not-granted");
    expect(message).toContain("wasi:http/types@0.3.0#[static]fields.from-list, which is not granted");
    expect(message).toContain("--allow-network");
  });

  test("to this destination, each says that it is denied", async () => {
    const network = ["localhost:1"];
    expect((await run(`exchange(${servers.echo}, "x")`, network)).log[1]).toBe("connect: access-denied");
    expect((await run(`exchange-datagram(${servers.udp}, "x")`, network)).log[1]).toBe("send: access-denied");
    expect((await run('resolve("elsewhere.example")', network)).log).toEqual(["resolve-addresses: access-denied"]);
    const { log, report } = await run(`request(${servers.http}, "/echo?secret", "x")`, network);
    expect(log).toEqual(["dropped", "send: HTTP-request-denied", "transmission: HTTP-request-denied"]);
    const to = `http://${here(servers.http)}/echo`;
    expect(report.host.network).toEqual([{ kind: "http", to, method: "POST", error: "HTTP-request-denied" }]);
    expect(report.warnings).toEqual([]);
  });

  test("a handler is another component, not the network", async () => {
    const { log, report } = await run(`handle(${servers.http})`, true, { handles: "allow" });
    expect(log).toEqual(["handle: HTTP-request-denied"]);
    expect(report.host.refused).toEqual([{ import: "wasi:http/handler@0.3.0#handle", count: 1 }]);
    expect(report.host.network).toEqual([]);
  });
});

describe("refuses", () => {
  const refuse = (initFunc: string, ...codes: Parameters<typeof refusal>[2][]) =>
    refusal(program, { initFunc, network: true }, ...codes);

  test("a connection that is still open, by its peer", async () => {
    const error = await refuse(`leave-open(${servers.silent})`, "live-handles");
    expect(error.details.map((line) => line.trim())).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^tcp-socket made by wasi:sockets\/types@0.3#\[static\]tcp-socket.create/),
        `readable end of a stream made by wasi:sockets/types@0.3#[method]tcp-socket.receive: ${here(servers.silent)}`,
      ]),
    );
  });

  test("a response, by its request", async () => {
    const error = await refuse(`leave-response(${servers.http})`, "live-handles");
    expect(error.message).toContain(`a response (POST http://${here(servers.http)}/config.json)`);
  });

  test("a guest that waits for what only it could end, at once", async () => {
    const error = await refuse(`send-for-ever(${servers.silent})`, "init-trapped");
    expect(error.message).toContain("it waits for something that will not happen");
  });
});
