import { describe, expect, it } from "vitest";
import type { IncomingStream } from "../../../src/wasi/network/network-streams03.js";
import { useLoopback } from "../../support/loopback.js";
import { bytes, text, thrown } from "../support.js";
import { collect, drop, guestStream, loopback, openNetwork, rejection, type TestNetwork } from "./support.js";

const servers = useLoopback();

const socketOf = ({ imports }: TestNetwork, family: "ipv4" | "ipv6" = "ipv4") =>
  imports["wasi:sockets/types@0.3"].TcpSocket.create(family);

async function connected(network: TestNetwork, port: number) {
  const socket = socketOf(network);
  await socket.connect(loopback(port));
  return socket;
}

describe("a TCP socket of WASI 0.3", () => {
  it("connects, sends and receives, and ends with both streams", async () => {
    const network = await openNetwork([`127.0.0.1:${servers.echo}`]);
    const socket = await connected(network, servers.echo);
    expect(socket.getRemoteAddress()).toEqual(loopback(servers.echo));
    expect(socket.getLocalAddress()).toMatchObject({ tag: "ipv4", val: { address: [127, 0, 0, 1] } });
    const { data, state } = guestStream(["hello ", "there"]);
    const sent = socket.send(data);
    const [stream, end] = socket.receive();
    drop(socket);
    expect((await collect(stream)).toString()).toBe("hello there");
    await expect(Promise.all([sent, end])).resolves.toEqual([undefined, undefined]);
    expect(state.isDropped).toBe(true);
    expect(network.held()).toEqual([]);
    expect(network.isWaiting()).toBe(false);
    expect(network.activity()).toEqual([{ kind: "tcp", to: `127.0.0.1:${servers.echo}` }]);
  });

  it("carries more than fits between the threads, in both directions", async () => {
    const socket = await connected(await openNetwork(), servers.echo);
    const content = Buffer.alloc(6_000_000, "0123456789abcdef-");
    const sent = socket.send(guestStream([content]).data);
    const [stream, end] = socket.receive();
    expect((await collect(stream)).equals(content)).toBe(true);
    await Promise.all([sent, end]);
  });

  it("takes no more than it has room for, until the guest has waited long enough", async () => {
    const network = await openNetwork();
    const socket = await connected(network, servers.silent);
    const many = (function* () {
      for (;;) yield Buffer.alloc(100_000);
    })();
    const { data, state } = guestStream(many);
    void socket.send(data).catch(() => undefined);
    // No one reads, so the system's buffers fill, then ours.
    for (let seen = -1; seen !== state.taken; ) {
      seen = state.taken;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(state.taken).toBeLessThan(100_000_000);
    expect(network.isWaiting()).toBe(true);
  });

  it("has a stream that the guest may drop while it waits", async () => {
    const network = await openNetwork();
    const socket = await connected(network, servers.silent);
    const [stream, end] = socket.receive();
    const iterator = (stream as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    const next = iterator.next();
    expect(network.isWaiting()).toBe(true);
    await iterator.return?.();
    expect(await next).toEqual({ done: true, value: undefined });
    await expect(end).resolves.toBeUndefined();
    expect(network.isWaiting()).toBe(false);
  });

  it("has a stream that takes no real time while the guest does not wait", async () => {
    const network = await openNetwork();
    const socket = await connected(network, servers.echo);
    const [stream] = socket.receive();
    const incoming = stream as IncomingStream;
    const next = incoming.next();
    incoming.pause();
    incoming.pause();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(network.isWaiting()).toBe(false);
    await socket.send(guestStream(["later"]).data);
    incoming.resume();
    expect(text((await next).value as Uint8Array)).toBe("later");
    const last = incoming.next();
    incoming.pause();
    await incoming.return();
    expect(await last).toEqual({ done: true, value: undefined });
  });

  it("sends and receives only once, and only when it is connected", async () => {
    const network = await openNetwork();
    const socket = socketOf(network);
    const invalid = { tag: "invalid-state" };
    const { data, state } = guestStream(["lost"]);
    expect(await rejection(socket.send(data))).toEqual(invalid);
    expect(state.isDropped).toBe(true);
    const [nothing, failed] = socket.receive();
    expect(await collect(nothing)).toHaveLength(0);
    expect(await rejection(failed)).toEqual(invalid);
    expect(thrown(() => socket.getRemoteAddress())).toEqual(invalid);
    expect(thrown(() => socket.getLocalAddress())).toEqual(invalid);
    await socket.connect(loopback(servers.echo));
    socket.receive();
    expect(await rejection(socket.receive()[1])).toEqual(invalid);
    void socket.send(guestStream([]).data);
    expect(await rejection(socket.send(guestStream([]).data))).toEqual(invalid);
    expect(await rejection(socket.connect(loopback(servers.echo)))).toEqual(invalid);
  });

  it("fails as WASI has it, and stays closed", async () => {
    const network = await openNetwork();
    const socket = socketOf(network);
    expect(await rejection(socket.connect(loopback(servers.closed)))).toEqual({ tag: "connection-refused" });
    expect(await rejection(socket.connect(loopback(servers.echo)))).toEqual({ tag: "invalid-state" });
    expect(network.activity()).toEqual([
      { kind: "tcp", to: `127.0.0.1:${servers.closed}`, error: "connection-refused" },
    ]);
  });

  it("reaches only what is allowed", async () => {
    const network = await openNetwork([`127.0.0.1:${servers.http}`]);
    const socket = socketOf(network);
    expect(await rejection(socket.connect(loopback(servers.echo)))).toEqual({ tag: "access-denied" });
    expect(network.activity()).toEqual([{ kind: "tcp", to: `127.0.0.1:${servers.echo}`, error: "access-denied" }]);
    await socket.connect(loopback(servers.http));
  });

  it("takes no address that is none of a peer's", async () => {
    const network = await openNetwork();
    const socket = socketOf(network);
    const wrong = [loopback(1, "0.0.0.0"), loopback(0), loopback(1, "::1")];
    for (const address of wrong) expect(await rejection(socket.connect(address))).toEqual({ tag: "invalid-argument" });
    const mapped = loopback(1, "::ffff:127.0.0.1");
    expect(await rejection(socketOf(network, "ipv6").connect(mapped))).toEqual({ tag: "invalid-argument" });
  });

  it("is bound where it connects from", async () => {
    const network = await openNetwork();
    const socket = socketOf(network);
    expect(thrown(() => socket.bind(loopback(0, "::1")))).toEqual({ tag: "invalid-argument" });
    socket.bind(loopback(0, "127.0.0.2"));
    expect(thrown(() => socket.bind(loopback(0)))).toEqual({ tag: "invalid-state" });
    await socket.connect(loopback(servers.echo));
    expect(socket.getLocalAddress()).toMatchObject({ val: { address: [127, 0, 0, 2] } });
  });

  it("does not listen", async () => {
    const socket = socketOf(await openNetwork());
    expect(thrown(() => socket.listen())).toEqual({ tag: "not-supported" });
    expect(socket.getIsListening()).toBe(false);
    expect(thrown(() => socket.setListenBacklogSize(0n))).toEqual({ tag: "invalid-argument" });
    expect(thrown(() => socket.setListenBacklogSize(1n))).toEqual({ tag: "not-supported" });
  });

  it("keeps options, which have to be valid", async () => {
    const socket = socketOf(await openNetwork(), "ipv6");
    expect(socket.getAddressFamily()).toBe("ipv6");
    socket.setKeepAliveEnabled(true);
    socket.setKeepAliveIdleTime(2n);
    socket.setKeepAliveInterval(3n);
    socket.setKeepAliveCount(4);
    socket.setHopLimit(5);
    socket.setReceiveBufferSize(6n);
    socket.setSendBufferSize(7n);
    expect([
      socket.getKeepAliveEnabled(),
      socket.getKeepAliveIdleTime(),
      socket.getKeepAliveInterval(),
      socket.getKeepAliveCount(),
      socket.getHopLimit(),
      socket.getReceiveBufferSize(),
      socket.getSendBufferSize(),
    ]).toEqual([true, 2n, 3n, 4, 5, 6n, 7n]);
    for (const set of [() => socket.setHopLimit(0), () => socket.setSendBufferSize(0n)]) {
      expect(thrown(set)).toEqual({ tag: "invalid-argument" });
    }
  });

  it("gives up an attempt that the guest has cancelled", async () => {
    const network = await openNetwork();
    const socket = socketOf(network);
    // No one answers there (RFC 5737).
    const attempt = socket.connect(loopback(9, "192.0.2.1"));
    attempt.cancel();
    await attempt.catch(() => undefined);
    expect(network.isWaiting()).toBe(false);
    expect(await rejection(socket.connect(loopback(servers.echo)))).toEqual({ tag: "invalid-state" });
  });

  it("can be used along with sockets of 0.2, which block", async () => {
    const network = await openNetwork();
    const socket = await connected(network, servers.echo);
    const [stream] = socket.receive();
    const reading = collect(stream);
    const sent = socket.send(guestStream(["of 0.3"]).data);
    const blocking = network.imports["wasi:sockets/tcp-create-socket"].createTcpSocket("ipv4");
    blocking.startConnect(undefined, loopback(servers.echo));
    blocking.subscribe().block();
    const [input, output] = blocking.finishConnect();
    output.blockingWriteAndFlush(bytes("of 0.2"));
    expect(text(input.blockingRead(100n))).toBe("of 0.2");
    expect((await reading).toString()).toBe("of 0.3");
    await sent;
  });
});
