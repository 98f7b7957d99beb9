import { describe, expect, it } from "vitest";
import { useLoopback } from "../../support/loopback.js";
import { loopback, openNetwork } from "./support.js";

const servers = useLoopback();
const MILLISECOND = 1_000_000n;

async function silentPeer() {
  const network = await openNetwork();
  const { imports } = network;
  const handle = imports["wasi:sockets/instance-network"].instanceNetwork();
  const socket = imports["wasi:sockets/tcp-create-socket"].createTcpSocket("ipv4");
  socket.startConnect(handle, loopback(servers.silent));
  socket.subscribe().block();
  const [input] = socket.finishConnect();
  return { ...network, pollable: input.subscribe() };
}

/** How long a call takes, in real milliseconds. */
function duration(call: () => void): number {
  const start = performance.now();
  call();
  return performance.now() - start;
}

describe("a timer next to a peer that says nothing", () => {
  it("is waited for in real time, then virtual time is where it should be", async () => {
    const { clock, poll, pollable } = await silentPeer();
    const before = clock.now();
    const timer = clock.subscribeDuration(150n * MILLISECOND);
    let ready: number[] = [];
    const real = duration(() => {
      ready = poll([pollable, timer]);
    });
    expect(ready).toEqual([1]);
    expect(real).toBeGreaterThan(145);
    expect(clock.now() - before).toBeGreaterThanOrEqual(150n * MILLISECOND);
    expect(clock.now() - before).toBeLessThan(160n * MILLISECOND);
  });

  it("takes no real time where only timers are polled", async () => {
    const { clock, poll } = await silentPeer();
    expect(duration(() => poll([clock.subscribeDuration(120_000n * MILLISECOND)]))).toBeLessThan(60_000);
  });

  it("becomes due no sooner for a guest that looks again and again", async () => {
    const { clock, poll, pollable } = await silentPeer();
    const start = clock.now();
    const real = duration(() => {
      while (clock.now() - start < 200n * MILLISECOND) expect(pollable.ready()).toBe(false);
    });
    // Two looks in each turn, one of which waits.
    expect(real).toBeGreaterThan(90);
    const at = clock.now();
    const polled = duration(() => {
      while (clock.now() - at < 200n * MILLISECOND) expect(poll([pollable, clock.subscribeDuration(0n)])).toEqual([1]);
    });
    expect(polled).toBeGreaterThan(90);
  });
});

describe("a peer that answers", () => {
  it("is not waited for longer than it takes, and no virtual time passes for it", async () => {
    const { imports, clock, poll } = await openNetwork();
    const { types, handler } = { types: imports["wasi:http/types"], handler: imports["wasi:http/outgoing-handler"] };
    const request = new types.OutgoingRequest(new types.Fields());
    request.setScheme({ tag: "HTTP" });
    request.setAuthority(`127.0.0.1:${servers.http}`);
    request.setPathWithQuery("/config.json");
    const response = handler.handle(request);
    const [before, timer] = [clock.now(), clock.subscribeDuration(120_000n * MILLISECOND)];
    expect(duration(() => expect(poll([timer, response.subscribe()])).toEqual([1]))).toBeLessThan(60_000);
    expect(clock.now() - before).toBeLessThan(10n * MILLISECOND);
  });
});
