import { describe, expect, test } from "vitest";
import { type PreinitializeOptions, preinitialize } from "../../src/index.js";
import { loadFixture } from "../support/fixtures.js";
import { useLoopback } from "../support/loopback.js";
import { refusal } from "../support/refusal.js";
import { callInV8, loadInV8, wasiHost } from "../support/starlingmonkey.js";
import { hasWasmtime, wasmtimeSession } from "../support/wasmtime.js";

const servers = useLoopback();

async function initialize(initFunc: string, network: PreinitializeOptions["network"]) {
  return preinitialize(await loadFixture("c-sockets"), { initFunc, ...(network && { network }) });
}

/** What the output has kept, without any network. */
async function keptBy(output: Uint8Array) {
  const outcomes = await callInV8(await (await loadInV8(output)).instantiate(wasiHost().imports), [{ export: "kept" }]);
  if (hasWasmtime) expect((await wasmtimeSession(output, { calls: [{ export: "kept" }] })).outcomes).toEqual(outcomes);
  return outcomes[0];
}

const here = (port: number) => `127.0.0.1:${port}`;

describe("a component that uses sockets", () => {
  test.each([
    ["a TCP connection", "exchange", "echo", "tcp", "question", []],
    ["UDP", "exchange-datagram", "udp", "udp", "question!", [{ kind: "udp-bind", to: "127.0.0.1:0" }]],
  ] as const)("keeps what it got over %s", async (_what, func, server, kind, reply, before) => {
    const to = here(servers[server]);
    const { component, report } = await initialize(`${func}(${servers[server]}, "question")`, [to]);
    expect(await keptBy(component)).toEqual({ ok: reply });
    expect(report.host.network).toEqual([...before, { kind, to }]);
    expect(report.warnings).toEqual([
      `initialization used the network (${to}): the output depends on what it found there`,
    ]);
  });

  test("keeps what a name means", async () => {
    const { component, report } = await initialize('resolve("localhost")', true);
    expect(await keptBy(component)).toEqual({ ok: "127.0.0.1" });
    expect(report.host.network).toEqual([{ kind: "lookup", to: "localhost" }]);
  });

  test("waits in real time for a peer, as long as its timer says", async () => {
    const started = performance.now();
    const { component } = await initialize(`wait-for-reply(${servers.silent}, 300)`, true);
    expect(performance.now() - started).toBeGreaterThan(300);
    expect(await keptBy(component)).toEqual({ ok: "no reply" });
  });

  test("learns that no one listens", async () => {
    const error = await refusal(
      await loadFixture("c-sockets"),
      { initFunc: `exchange(${servers.closed}, "x")`, network: true },
      "init-failed",
    );
    // connection-refused
    expect(error.message).toBe('exchange returned err("finish-connect: 14")');
  });

  test.each([
    ["exchange", "tcp", "start-connect: 1"],
    ["exchange-datagram", "udp", "stream: 1"],
  ])("is told by %s that a destination is not allowed, and so is its user", async (func, kind, message) => {
    const options = { initFunc: `${func}(${servers.silent}, "x")`, network: [here(servers.echo)] };
    const error = await refusal(await loadFixture("c-sockets"), options, "init-failed");
    // access-denied
    expect(error.message).toBe(`${func} returned err("${message}")`);
    expect(error.details).toEqual([
      "the network refused, because --allow-network does not name them:",
      `  ${kind} ${here(servers.silent)}`,
    ]);
  });

  test("must close its connection", async () => {
    const options = { initFunc: `leave-open(${servers.echo})`, network: true } as const;
    const error = await refusal(await loadFixture("c-sockets"), options, "live-handles");
    expect(error.message).toContain("3 resources held");
    expect(error.details.slice(0, 3)).toEqual([
      expect.stringContaining("tcp-socket made by wasi:sockets/tcp-create-socket#create-tcp-socket"),
      expect.stringContaining("input-stream made by wasi:sockets/tcp#[method]tcp-socket.finish-connect"),
      expect.stringContaining("output-stream made by wasi:sockets/tcp#[method]tcp-socket.finish-connect"),
    ]);
  });

  test("has no network unless that is granted", async () => {
    const options = { initFunc: `exchange(${servers.echo}, "x")` };
    // The guest goes on with a handle that it did not get.
    const error = await refusal(await loadFixture("c-sockets"), options, "init-trapped");
    expect(error.details).toContainEqual(
      expect.stringContaining("wasi:sockets/tcp-create-socket@0.2.12#create-tcp-socket answered access-denied"),
    );
  });
});

test("a destination must be one", async () => {
  const options = { initFunc: 'resolve("localhost")', network: ["localhost"] };
  const error = await refusal(await loadFixture("c-sockets"), options, "invalid-option");
  expect(error.message).toBe("network: localhost is not HOST:PORT (HOST:* for any port)");
});
