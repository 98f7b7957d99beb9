import { describe, expect, it } from "vitest";
import { useLoopback } from "../../support/loopback.js";
import { bytes, text, thrown } from "../support.js";
import { drop, loopback, openNetwork, readAll, type TestNetwork, writeAll } from "./support.js";

const servers = useLoopback();
const CLOSED = { tag: "closed" };

function start({ imports }: TestNetwork, port: number, address?: string) {
  const network = imports["wasi:sockets/instance-network"].instanceNetwork();
  const socket = imports["wasi:sockets/tcp-create-socket"].createTcpSocket("ipv4");
  return { network, socket, start: () => socket.startConnect(network, loopback(port, address)) };
}

function connect(network: TestNetwork, port: number) {
  const { socket, start: startConnect, network: handle } = start(network, port);
  startConnect();
  const pollable = socket.subscribe();
  pollable.block();
  const [input, output] = socket.finishConnect();
  drop(pollable, handle);
  return { socket, input, output };
}

describe("a TCP socket", () => {
  it("connects, sends and receives", async () => {
    const network = await openNetwork();
    const { socket, input, output } = connect(network, servers.echo);
    expect(socket.remoteAddress()).toEqual(loopback(servers.echo));
    expect(socket.localAddress()).toMatchObject({ tag: "ipv4", val: { address: [127, 0, 0, 1] } });
    expect(input.read(10n)).toHaveLength(0);
    output.blockingWriteAndFlush(bytes("hello"));
    expect(text(input.blockingRead(3n))).toBe("hel");
    expect(text(input.blockingRead(100n))).toBe("lo");
    socket.shutdown("send");
    expect(thrown(() => output.write(bytes("x")))).toEqual(CLOSED);
    expect(thrown(() => input.blockingRead(1n))).toEqual(CLOSED);
    drop(input, output, socket);
    expect(network.held()).toEqual([]);
    expect(network.activity()).toEqual([{ kind: "tcp", to: `127.0.0.1:${servers.echo}` }]);
  });

  it("carries more than fits between the threads, in both directions", async () => {
    const { socket, input, output } = connect(await openNetwork(), servers.echo);
    const sent = Buffer.alloc(700_000, "0123456789abcdef-");
    const received: Uint8Array[] = [];
    for (let i = 0; i < 8; i++) {
      writeAll(output, sent);
      // Less than was sent: what is ahead has to wait somewhere.
      received.push(input.blockingRead(100_000n));
    }
    socket.shutdown("send");
    received.push(readAll(input));
    expect(Buffer.concat(received).equals(Buffer.concat(new Array(8).fill(sent)))).toBe(true);
  });

  it("takes no more than it has room for", async () => {
    const { output } = connect(await openNetwork(), servers.silent);
    let written = 0;
    // No one reads, so the system's buffers fill, then ours.
    for (let permit = output.checkWrite(); permit > 0n; permit = output.checkWrite()) {
      output.write(new Uint8Array(Number(permit)));
      written += Number(permit);
      if (written > 1 << 28) break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(written).toBeLessThan(1 << 28);
    expect(thrown(() => output.write(new Uint8Array((1 << 20) + 1)))).toBeInstanceOf(WebAssembly.RuntimeError);
    output.flush();
    expect(output.checkWrite()).toBe(0n);
  });

  it("does not block before it is connected", async () => {
    const network = await openNetwork();
    const { socket, start: startConnect } = start(network, servers.echo);
    expect(thrown(() => socket.finishConnect())).toBe("not-in-progress");
    expect(thrown(() => socket.localAddress())).toBe("invalid-state");
    startConnect();
    expect(thrown(() => socket.finishConnect())).toBe("would-block");
    expect(thrown(startConnect)).toBe("invalid-state");
    socket.subscribe().block();
    socket.finishConnect();
    expect(thrown(() => socket.finishConnect())).toBe("not-in-progress");
  });

  it("is refused where no one listens", async () => {
    const network = await openNetwork();
    const { socket, start: startConnect } = start(network, servers.closed);
    startConnect();
    socket.subscribe().block();
    expect(thrown(() => socket.finishConnect())).toBe("connection-refused");
    expect(thrown(startConnect)).toBe("invalid-state");
    const to = `127.0.0.1:${servers.closed}`;
    expect(network.activity()).toEqual([{ kind: "tcp", to, error: "connection-refused" }]);
  });

  it("reaches only what is allowed", async () => {
    const network = await openNetwork([`127.0.0.1:${servers.echo}`]);
    expect(thrown(start(network, servers.silent).start)).toBe("access-denied");
    expect(thrown(start(network, servers.echo, "127.0.0.2").start)).toBe("access-denied");
    connect(network, servers.echo);
    const refused = { kind: "tcp", error: "access-denied" };
    expect(network.activity()).toEqual([
      { ...refused, to: `127.0.0.1:${servers.silent}` },
      { ...refused, to: `127.0.0.2:${servers.echo}` },
      { kind: "tcp", to: `127.0.0.1:${servers.echo}` },
    ]);
  });

  it("reaches a name's address once the name is resolved", async () => {
    const network = await openNetwork([`localhost:${servers.echo}`]);
    expect(thrown(start(network, servers.echo).start)).toBe("access-denied");
    const { network: handle } = start(network, 1);
    const names = network.imports["wasi:sockets/ip-name-lookup"].resolveAddresses(handle, "localhost");
    names.subscribe().block();
    connect(network, servers.echo);
    expect(thrown(start(network, servers.silent).start)).toBe("access-denied");
  });

  it("checks addresses", async () => {
    const { imports } = await openNetwork();
    const socket = imports["wasi:sockets/tcp-create-socket"].createTcpSocket("ipv6");
    const network = imports["wasi:sockets/instance-network"].instanceNetwork();
    for (const [address, port] of [
      ["127.0.0.1", 1],
      ["::", 1],
      ["::1", 0],
      ["::ffff:127.0.0.1", 1],
    ] as const) {
      expect(thrown(() => socket.startConnect(network, loopback(port, address)))).toBe("invalid-argument");
    }
    expect(thrown(() => socket.startBind(network, loopback(0)))).toBe("invalid-argument");
  });

  it("can be bound to an address first", async () => {
    const network = await openNetwork();
    const { socket, network: handle, start: startConnect } = start(network, servers.echo);
    expect(thrown(() => socket.finishBind())).toBe("not-in-progress");
    socket.startBind(handle, loopback(0, "127.0.0.3"));
    socket.finishBind();
    startConnect();
    socket.subscribe().block();
    socket.finishConnect();
    expect(socket.localAddress()).toMatchObject({ val: { address: [127, 0, 0, 3] } });
  });

  it("does not listen", async () => {
    const { socket, network } = start(await openNetwork(), 1);
    socket.startBind(network, loopback(0));
    socket.finishBind();
    expect(thrown(() => socket.startListen())).toBe("not-supported");
    expect(thrown(() => socket.finishListen())).toBe("not-in-progress");
    expect(thrown(() => socket.accept())).toBe("invalid-state");
    expect(socket.isListening()).toBe(false);
  });

  it("keeps options", async () => {
    const { socket } = start(await openNetwork(), 1);
    socket.setHopLimit(3);
    expect(socket.hopLimit()).toBe(3);
    expect(thrown(() => socket.setHopLimit(0))).toBe("invalid-argument");
    expect(thrown(() => socket.setReceiveBufferSize(0n))).toBe("invalid-argument");
    socket.setKeepAliveEnabled(true);
    expect(socket.keepAliveEnabled()).toBe(true);
  });

  it("holds handles until they are dropped", async () => {
    const network = await openNetwork();
    const { socket, input, output } = connect(network, servers.echo);
    drop(input);
    expect(network.held()).toEqual(["tcp-socket", "output-stream"]);
    drop(output, socket);
    expect(network.held()).toEqual([]);
  });
});
