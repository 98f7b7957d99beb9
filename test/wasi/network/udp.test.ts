import { createSocket } from "node:dgram";
import { describe, expect, it, onTestFinished } from "vitest";
import { HandleTracker } from "../../../src/wasi/handles.js";
import { ActivityLog } from "../../../src/wasi/network/activity.js";
import { Destinations } from "../../../src/wasi/network/destinations.js";
import type { EventHandler, NetworkThread } from "../../../src/wasi/network/network-thread.js";
import { OutgoingDatagramStream } from "../../../src/wasi/network/sockets/datagram-streams.js";
import { UdpPort } from "../../../src/wasi/network/sockets/udp-port.js";
import { DEFAULT_TIME, Timeline } from "../../../src/wasi/timeline.js";
import { useLoopback } from "../../support/loopback.js";
import { bytes, text, thrown } from "../support.js";
import { drop, loopback, openNetwork, type TestNetwork } from "./support.js";

const servers = useLoopback();

function bind({ imports }: TestNetwork) {
  const network = imports["wasi:sockets/instance-network"].instanceNetwork();
  const socket = imports["wasi:sockets/udp-create-socket"].createUdpSocket("ipv4");
  expect(thrown(() => socket.stream(undefined))).toBe("invalid-state");
  socket.startBind(network, loopback(0));
  socket.subscribe().block();
  socket.finishBind();
  return socket;
}

function receive(incoming: ReturnType<ReturnType<typeof bind>["stream"]>[0]) {
  incoming.subscribe().block();
  return incoming.receive(10n);
}

describe("a UDP socket", () => {
  it("sends and receives datagrams, with an address for each", async () => {
    const network = await openNetwork();
    const socket = bind(network);
    expect(socket.localAddress()).toMatchObject({ val: { address: [127, 0, 0, 1], port: expect.any(Number) } });
    const [incoming, outgoing] = socket.stream(undefined);
    expect(incoming.receive(10n)).toEqual([]);
    expect(outgoing.checkSend()).toBeGreaterThan(1n);
    const remoteAddress = loopback(servers.udp);
    expect(outgoing.send([{ data: bytes("a"), remoteAddress }])).toBe(1n);
    const [datagram] = receive(incoming);
    expect(text(datagram?.data as Uint8Array)).toBe("a!");
    expect(datagram?.remoteAddress).toEqual(remoteAddress);
    expect(thrown(() => outgoing.send([{ data: bytes("b") }]))).toBe("invalid-argument");
    expect(network.activity()).toEqual([
      { kind: "udp-bind", to: "127.0.0.1:0" },
      { kind: "udp", to: `127.0.0.1:${servers.udp}` },
    ]);
  });

  it("permits no more than can be in memory, and again what has left", () => {
    let tell: EventHandler = () => {};
    const thread = {
      hasRoom: true,
      update: () => false,
      wait: () => {},
      open: (_: unknown, onEvent: EventHandler) => {
        tell = onEvent;
        return { send: () => {} };
      },
    } as unknown as NetworkThread;
    const context = {
      thread,
      handles: new HandleTracker(),
      timeline: new Timeline(DEFAULT_TIME),
      destinations: new Destinations(true),
      log: new ActivityLog(),
      until: async () => {},
    };
    const port = new UdpPort(context, "ipv4", { address: "127.0.0.1", port: 0 });
    port.peer = { address: "127.0.0.1", port: 9 };
    const outgoing = new OutgoingDatagramStream(context, port, "ipv4");
    const datagrams = (count: number) => Array.from({ length: count }, () => ({ data: bytes("x") }));
    expect(outgoing.checkSend()).toBe(64n);
    expect(outgoing.send(datagrams(60))).toBe(60n);
    expect(outgoing.checkSend()).toBe(4n);
    expect(outgoing.send(datagrams(10))).toBe(4n);
    expect(outgoing.subscribe().ready()).toBe(false);
    tell({ event: "written", count: 1 });
    expect(outgoing.checkSend()).toBe(1n);
    expect(outgoing.subscribe().ready()).toBe(true);
  });

  it("has one peer where the guest says so", async () => {
    const network = await openNetwork();
    const socket = bind(network);
    expect(thrown(() => socket.remoteAddress())).toBe("invalid-state");
    const [incoming, outgoing] = socket.stream(loopback(servers.udp));
    expect(socket.remoteAddress()).toEqual(loopback(servers.udp));
    const elsewhere = [{ data: bytes("x"), remoteAddress: loopback(servers.closed) }];
    expect(thrown(() => outgoing.send(elsewhere))).toBe("invalid-argument");
    expect(outgoing.send([{ data: bytes("x") }, ...elsewhere])).toBe(1n);
    expect(text(receive(incoming)[0]?.data as Uint8Array)).toBe("x!");
  });

  it("reaches only what is allowed, and hears no one else", async () => {
    const network = await openNetwork([`127.0.0.1:${servers.udp}`]);
    const socket = bind(network);
    const [incoming, outgoing] = socket.stream(undefined);
    const stranger = createSocket("udp4");
    onTestFinished(() => void stranger.close());
    const { port } = socket.localAddress().val;
    await new Promise((resolve) => stranger.send("intrusion", port, "127.0.0.1", resolve));
    const refused = [{ data: bytes("x"), remoteAddress: loopback(stranger.address().port) }];
    expect(thrown(() => outgoing.send(refused))).toBe("access-denied");
    expect(thrown(() => socket.stream(loopback(servers.closed)))).toBe("access-denied");
    outgoing.send([{ data: bytes("mine"), remoteAddress: loopback(servers.udp) }]);
    expect(receive(incoming).map(({ data }) => text(data))).toEqual(["mine!"]);
    expect(network.activity()).toMatchObject([
      { kind: "udp-bind", to: "127.0.0.1:0" },
      { kind: "udp", error: "access-denied" },
      { kind: "udp", to: `127.0.0.1:${servers.closed}`, error: "access-denied" },
      { kind: "udp", to: `127.0.0.1:${servers.udp}` },
    ]);
  });

  it("that only receives is in the report with whom it hears", async () => {
    const network = await openNetwork();
    const socket = bind(network);
    const [incoming] = socket.stream(undefined);
    const sender = createSocket("udp4");
    onTestFinished(() => void sender.close());
    const { port } = socket.localAddress().val;
    await new Promise((resolve) => sender.send("input", port, "127.0.0.1", resolve));
    expect(receive(incoming).map(({ data }) => text(data))).toEqual(["input"]);
    expect(network.activity()).toEqual([
      { kind: "udp-bind", to: "127.0.0.1:0" },
      { kind: "udp", to: `127.0.0.1:${sender.address().port}` },
    ]);
  });

  it("keeps no more datagrams than a guest that does not read can bear, however small", async () => {
    const socket = bind(await openNetwork());
    const [incoming] = socket.stream(undefined);
    const flood = createSocket("udp4");
    onTestFinished(() => void flood.close());
    const { port } = socket.localAddress().val;
    for (let burst = 0; burst < 30; burst++) {
      const sent = Array.from(
        { length: 100 },
        () => new Promise((resolve) => flood.send("", port, "127.0.0.1", resolve)),
      );
      await Promise.all(sent);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(incoming.receive(0xffffn)).toHaveLength(1024);
    flood.send("more", port, "127.0.0.1");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(receive(incoming).map(({ data }) => text(data))).toEqual(["more"]);
  });

  it("has limits", async () => {
    const [, outgoing] = bind(await openNetwork()).stream(loopback(servers.udp));
    expect(thrown(() => outgoing.send([{ data: new Uint8Array(65_508) }]))).toBe("datagram-too-large");
    const many = new Array(65).fill({ data: bytes("x") });
    expect(thrown(() => outgoing.send(many))).toBeInstanceOf(WebAssembly.RuntimeError);
  });

  it("cannot be bound to what is not its own", async () => {
    const { imports } = await openNetwork();
    const network = imports["wasi:sockets/instance-network"].instanceNetwork();
    const socket = imports["wasi:sockets/udp-create-socket"].createUdpSocket("ipv4");
    expect(thrown(() => socket.startBind(network, loopback(0, "::1")))).toBe("invalid-argument");
    socket.startBind(network, loopback(0, "192.0.2.1"));
    socket.subscribe().block();
    expect(thrown(() => socket.finishBind())).toBe("address-not-bindable");
  });

  it("lets what was sent leave when it is dropped", async () => {
    const receiver = createSocket("udp4");
    onTestFinished(() => void receiver.close());
    await new Promise<void>((resolve) => receiver.bind(0, "127.0.0.1", resolve));
    const arrived = new Promise((resolve) => receiver.once("message", (message) => resolve(message.toString())));
    const network = await openNetwork();
    const socket = bind(network);
    const [incoming, outgoing] = socket.stream(loopback(receiver.address().port));
    outgoing.send([{ data: bytes("last words") }]);
    expect(network.held().filter((type) => type.endsWith("stream"))).toEqual([
      "incoming-datagram-stream",
      "outgoing-datagram-stream",
    ]);
    drop(incoming, outgoing, socket);
    expect(await arrived).toBe("last words");
  });
});
