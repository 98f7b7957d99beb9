import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { useLoopback } from "../../support/loopback.js";
import { bytes, text, thrown } from "../support.js";
import { drop, loopback, openNetwork, rejection, type TestNetwork } from "./support.js";

const servers = useLoopback();

const socketOf = ({ imports }: TestNetwork, family: "ipv4" | "ipv6" = "ipv4") =>
  imports["wasi:sockets/types@0.3"].UdpSocket.create(family);

/** Someone on 127.0.0.1 who sends what the test says. */
async function peer() {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  onTestFinished(() => void socket.close());
  const { port } = socket.address();
  const send = (message: string, to: number) =>
    new Promise<void>((resolve) => socket.send(message, to, "127.0.0.1", () => resolve()));
  return { port, send };
}

describe("a UDP socket of WASI 0.3", () => {
  it("sends and receives", async () => {
    const network = await openNetwork([`127.0.0.1:${servers.udp}`]);
    const socket = socketOf(network);
    await socket.send(bytes("hello"), loopback(servers.udp));
    const [data, from] = await socket.receive();
    expect([text(data), from]).toEqual(["hello!", loopback(servers.udp)]);
    drop(socket);
    expect(network.held()).toEqual([]);
    expect(network.isWaiting()).toBe(false);
    expect(network.activity()).toEqual([{ kind: "udp", to: `127.0.0.1:${servers.udp}` }]);
  });

  it("is bound at once, or says why not", async () => {
    const network = await openNetwork();
    const socket = socketOf(network);
    expect(thrown(() => socket.getLocalAddress())).toEqual({ tag: "invalid-state" });
    expect(await rejection(socket.receive())).toEqual({ tag: "invalid-state" });
    expect(thrown(() => socket.bind(loopback(0, "::1")))).toEqual({ tag: "invalid-argument" });
    expect(thrown(() => socket.bind(loopback(0, "192.0.2.1")))).toEqual({ tag: "address-not-bindable" });
    socket.bind(loopback(0));
    const local = socket.getLocalAddress();
    expect(local.val.port).toBeGreaterThan(0);
    expect(thrown(() => socket.bind(loopback(0)))).toEqual({ tag: "invalid-state" });
    expect(thrown(() => socketOf(network).bind(local))).toEqual({ tag: "address-in-use" });
  });

  it("has a peer, as long as it wants to", async () => {
    const [first, second] = [await peer(), await peer()];
    const socket = socketOf(await openNetwork());
    expect(thrown(() => socket.getRemoteAddress())).toEqual({ tag: "invalid-state" });
    expect(thrown(() => socket.disconnect())).toEqual({ tag: "invalid-state" });
    socket.bind(loopback(0));
    const { port } = socket.getLocalAddress().val;
    await second.send("too early", port);
    await first.send("early", port);
    const early = await socket.receive();
    expect(text(early[0])).toBe("too early");
    await second.send("from another", port);
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.connect(loopback(first.port));
    expect(socket.getRemoteAddress()).toEqual(loopback(first.port));
    expect(text((await socket.receive())[0])).toBe("early");
    expect(await rejection(socket.send(bytes("x"), loopback(second.port)))).toEqual({ tag: "invalid-argument" });
    await socket.send(bytes("x"), undefined);
    await socket.send(bytes("x"), loopback(first.port));
    socket.disconnect();
    expect(await rejection(socket.send(bytes("x"), undefined))).toEqual({ tag: "invalid-argument" });
    await second.send("now", port);
    expect(text((await socket.receive())[0])).toBe("now");
  });

  it("reaches and hears only what is allowed", async () => {
    const [friend, stranger] = [await peer(), await peer()];
    const network = await openNetwork([`127.0.0.1:${friend.port}`]);
    const socket = socketOf(network);
    expect(await rejection(socket.send(bytes("x"), loopback(stranger.port)))).toEqual({ tag: "access-denied" });
    expect(thrown(() => socket.connect(loopback(stranger.port)))).toEqual({ tag: "access-denied" });
    socket.bind(loopback(0));
    await stranger.send("bad", socket.getLocalAddress().val.port);
    await friend.send("good", socket.getLocalAddress().val.port);
    expect(text((await socket.receive())[0])).toBe("good");
    // What has come is in the guest.
    expect(network.activity()).toEqual([
      { kind: "udp", to: `127.0.0.1:${stranger.port}`, error: "access-denied" },
      { kind: "udp-bind", to: "127.0.0.1:0" },
      { kind: "udp", to: `127.0.0.1:${friend.port}` },
    ]);
  });

  it("gives each datagram to one call, and none to one that was cancelled", async () => {
    const friend = await peer();
    const network = await openNetwork();
    const socket = socketOf(network);
    socket.bind(loopback(0));
    const calls = [socket.receive(), socket.receive(), socket.receive()] as const;
    calls[0].cancel();
    await calls[0].catch(() => undefined);
    await friend.send("one", socket.getLocalAddress().val.port);
    await friend.send("two", socket.getLocalAddress().val.port);
    const received = await Promise.all([calls[1], calls[2]]);
    expect(received.map(([data]) => text(data))).toEqual(["one", "two"]);
    expect(network.isWaiting()).toBe(false);
  });

  it("sends no more than a datagram holds, and to no one without an address", async () => {
    const socket = socketOf(await openNetwork());
    const send = (length: number, remote?: ReturnType<typeof loopback>) =>
      rejection(socket.send(new Uint8Array(length), remote));
    expect(await send(65_508, loopback(servers.udp))).toEqual({ tag: "datagram-too-large" });
    expect(await send(1)).toEqual({ tag: "invalid-argument" });
    for (const wrong of [loopback(0), loopback(1, "0.0.0.0"), loopback(1, "::1")]) {
      expect(await send(1, wrong)).toEqual({ tag: "invalid-argument" });
    }
  });

  it("keeps no more in memory than a bound number of datagrams", async () => {
    const socket = socketOf(await openNetwork());
    const sends = Array.from({ length: 3000 }, () =>
      socket.send(bytes("x"), loopback(servers.silent)).then(
        () => "sent",
        (error: { tag: string }) => error.tag,
      ),
    );
    const outcomes = new Set(await Promise.all(sends));
    expect(outcomes).toEqual(new Set(["sent", "out-of-memory"]));
  });

  it("keeps options", async () => {
    const socket = socketOf(await openNetwork(), "ipv6");
    socket.setUnicastHopLimit(3);
    expect([socket.getUnicastHopLimit(), socket.getAddressFamily()]).toEqual([3, "ipv6"]);
    expect(thrown(() => socket.setUnicastHopLimit(0))).toEqual({ tag: "invalid-argument" });
  });
});
