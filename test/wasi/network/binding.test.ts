import { createServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { useLoopback } from "../../support/loopback.js";
import { bytes, text, thrown } from "../support.js";
import { drop, loopback, openNetwork, type TestNetwork } from "./support.js";

const servers = useLoopback();

/** A port that nobody has at the moment. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Ways to ask for a UDP port: each throws the code of what went wrong. */
const WAYS = {
  "wasi:sockets/udp": ({ imports }: TestNetwork, port: number, address: string) => {
    const network = imports["wasi:sockets/instance-network"].instanceNetwork();
    const socket = imports["wasi:sockets/udp-create-socket"].createUdpSocket("ipv4");
    onTestFinished(() => drop(socket));
    socket.startBind(network, loopback(port, address));
    socket.subscribe().block();
    socket.finishBind();
  },
  "udp-socket of 0.3": ({ imports }: TestNetwork, port: number, address: string) => {
    const socket = imports["wasi:sockets/types@0.3"].UdpSocket.create("ipv4");
    onTestFinished(() => drop(socket));
    try {
      socket.bind(loopback(port, address));
    } catch (error) {
      throw (error as { tag: string }).tag;
    }
  },
} as const;

describe.each(Object.entries(WAYS))("a port for %s", (_, bind) => {
  it("that the system chooses is what every client has", async () => {
    const network = await openNetwork([`127.0.0.1:${servers.udp}`]);
    bind(network, 0, "127.0.0.1");
    bind(network, 0, "0.0.0.0");
    expect(network.activity()).toEqual([
      { kind: "udp-bind", to: "127.0.0.1:0" },
      { kind: "udp-bind", to: "0.0.0.0:0" },
    ]);
  });

  it("that others can know must be in the list", async () => {
    const port = await freePort();
    const network = await openNetwork([`127.0.0.1:${port}`]);
    for (const [wanted, address] of [
      [port, "0.0.0.0"],
      [port, "127.0.0.2"],
      [servers.closed, "127.0.0.1"],
    ] as const) {
      expect(thrown(() => bind(network, wanted, address))).toBe("access-denied");
    }
    bind(network, port, "127.0.0.1");
    expect(network.activity()).toEqual([
      { kind: "udp-bind", to: `0.0.0.0:${port}`, error: "access-denied" },
      { kind: "udp-bind", to: `127.0.0.2:${port}`, error: "access-denied" },
      { kind: "udp-bind", to: `127.0.0.1:${servers.closed}`, error: "access-denied" },
      { kind: "udp-bind", to: `127.0.0.1:${port}` },
    ]);
  });

  it("that cannot be had tells the guest something of the machine", async () => {
    const network = await openNetwork();
    expect(thrown(() => bind(network, servers.udp, "127.0.0.1"))).toBe("address-in-use");
    expect(thrown(() => bind(network, 0, "192.0.2.1"))).toBe("address-not-bindable");
    expect(network.activity()).toEqual([
      { kind: "udp-bind", to: `127.0.0.1:${servers.udp}`, error: "address-in-use" },
      { kind: "udp-bind", to: "192.0.2.1:0", error: "address-not-bindable" },
    ]);
  });
});

describe("a port of a TCP socket", () => {
  it("is asked for as well", async () => {
    const port = await freePort();
    const network = await openNetwork([`127.0.0.1:${port}`, `127.0.0.1:${servers.echo}`]);
    const handle = network.imports["wasi:sockets/instance-network"].instanceNetwork();
    const socket = network.imports["wasi:sockets/tcp-create-socket"].createTcpSocket("ipv4");
    expect(thrown(() => socket.startBind(handle, loopback(servers.closed)))).toBe("access-denied");
    socket.startBind(handle, loopback(port));
    const other = network.imports["wasi:sockets/types@0.3"].TcpSocket.create("ipv4");
    expect(thrown(() => other.bind(loopback(port, "0.0.0.0")))).toEqual({ tag: "access-denied" });
    other.bind(loopback(0));
    expect(network.activity()).toEqual([
      { kind: "tcp-bind", to: `127.0.0.1:${servers.closed}`, error: "access-denied" },
      { kind: "tcp-bind", to: `127.0.0.1:${port}` },
      { kind: "tcp-bind", to: `0.0.0.0:${port}`, error: "access-denied" },
      { kind: "tcp-bind", to: "127.0.0.1:0" },
    ]);
  });
});

describe("what is open at once", () => {
  it("has an end, and again has room when something is closed", async () => {
    const network = await openNetwork();
    const { UdpSocket, TcpSocket } = network.imports["wasi:sockets/types@0.3"];
    const open = () => {
      const socket = UdpSocket.create("ipv4");
      socket.bind(loopback(0));
      return socket;
    };
    const sockets = Array.from({ length: 4000 }, open);
    expect(thrown(open)).toEqual({ tag: "other", val: "new-socket-limit" });
    const handle = network.imports["wasi:sockets/instance-network"].instanceNetwork();
    const tcp = network.imports["wasi:sockets/tcp-create-socket"].createTcpSocket("ipv4");
    expect(thrown(() => tcp.startConnect(handle, loopback(servers.echo)))).toBe("new-socket-limit");
    await expect(TcpSocket.create("ipv4").connect(loopback(servers.echo))).rejects.toEqual({
      tag: "other",
      val: "new-socket-limit",
    });
    const { Fields, OutgoingRequest } = network.imports["wasi:http/types"];
    const request = new OutgoingRequest(new Fields());
    request.setScheme({ tag: "HTTP" });
    request.setAuthority(`127.0.0.1:${servers.http}`);
    const { handle: send } = network.imports["wasi:http/outgoing-handler"];
    expect(thrown(() => send(request))).toEqual({ tag: "connection-limit-reached" });
    drop(...sockets);
    // The network's thread says when it has closed them.
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(
      text(
        await open()
          .send(bytes("x"), loopback(servers.udp))
          .then(() => bytes("sent")),
      ),
    ).toBe("sent");
  });

  it("is not what has failed, or was dropped", async () => {
    const network = await openNetwork();
    for (let i = 0; i < 1100; i++) {
      expect(thrown(() => WAYS["udp-socket of 0.3"](network, servers.udp, "127.0.0.1"))).toBe("address-in-use");
    }
    const { TcpSocket } = network.imports["wasi:sockets/types@0.3"];
    for (let i = 0; i < 1100; i++) {
      const socket = TcpSocket.create("ipv4");
      await expect(socket.connect(loopback(servers.closed))).rejects.toEqual({ tag: "connection-refused" });
      drop(socket);
    }
    const { resolveAddresses } = network.imports["wasi:sockets/ip-name-lookup@0.3"];
    for (let i = 0; i < 1100; i++) expect(await resolveAddresses("localhost")).toContainEqual(loopbackAddress);
  });
});

const loopbackAddress = { tag: "ipv4", val: [127, 0, 0, 1] };
