import { describe, expect, it } from "vitest";
import { parseHost } from "../../../src/wasi/network/addresses.js";
import { Destinations, parseDestination } from "../../../src/wasi/network/destinations.js";

describe("a destination", () => {
  it.each([
    ["example.org:443", "example.org", 443],
    ["Example.ORG.:80", "example.org", 80],
    ["bücher.example:80", "xn--bcher-kva.example", 80],
    ["127.0.0.1:8080", "127.0.0.1", 8080],
    ["127.1:8080", "127.0.0.1", 8080],
    ["0x7f000001:1", "127.0.0.1", 1],
    ["[::1]:65535", "::1", 65535],
    ["[0:0::0001]:1", "::1", 1],
    ["[::ffff:127.0.0.1]:1", "::ffff:7f00:1", 1],
    ["localhost:*", "localhost", undefined],
  ])("%s is one", (text, host, port) => {
    expect(parseDestination(text)).toMatchObject({ host: { text: host }, port });
  });

  it.each([
    "",
    "localhost",
    "localhost:",
    ":80",
    "localhost:0",
    "localhost:65536",
    "localhost:http",
    "localhost:80:80",
    "::1:80",
    "[::1]",
    "[::1:80",
    "http://localhost:80",
    "localhost/path:80",
    "user@localhost:80",
    "a b:80",
    "1.2.3.4.5:80",
    "256.0.0.1:80",
    "*:80",
  ])("%j is none", (text) => {
    // A star is no name, so that nothing looks like a pattern that is none.
    expect(parseDestination(text)).toBeUndefined();
  });
});

const host = (text: string) => parseHost(text) as NonNullable<ReturnType<typeof parseHost>>;

describe("a list of destinations", () => {
  it("allows what it names, and no more", () => {
    const list = new Destinations(["api.example:443", "10.0.0.1:*", "[fe80::1]:22"]);
    expect(list.allowsHost(host("API.example."), 443)).toBe(true);
    expect(list.allowsHost(host("api.example"), 80)).toBe(false);
    expect(list.allowsHost(host("other.api.example"), 443)).toBe(false);
    expect(list.allowsHost(host("10.0.0.1"), 1)).toBe(true);
    expect(list.allowsHost(host("10.0.0.2"), 1)).toBe(false);
    expect(list.allowsEndpoint({ address: "10.0.0.1", port: 9 })).toBe(true);
    expect(list.allowsEndpoint({ address: "fe80::0001%2", port: 22 })).toBe(true);
    expect(list.allowsLookup("api.example")).toBe(true);
    expect(list.allowsLookup("example")).toBe(false);
    expect(list.allowsLookup("10.0.0.1")).toBe(true);
  });

  it("sees through other notations of an address", () => {
    const list = new Destinations(["10.0.0.1:80"]);
    for (const text of ["10.1", "0xa.1", "167772161", "012.0.0.1"]) expect(list.allowsHost(host(text), 80)).toBe(true);
    for (const text of ["127.1", "2130706433"]) expect(list.allowsHost(host(text), 80)).toBe(false);
  });

  it("allows a name's addresses once it is resolved, and only those", () => {
    const list = new Destinations(["api.example:443"]);
    const connect = (address: string, port = 443) => list.allowsEndpoint({ address, port });
    expect(connect("203.0.113.1")).toBe(false);
    list.noteResolved("other.example", ["203.0.113.1"]);
    expect(connect("203.0.113.1")).toBe(false);
    list.noteResolved("api.example", ["203.0.113.1", "2001:db8::1"]);
    expect(connect("203.0.113.1")).toBe(true);
    expect(connect("2001:0db8:0::1")).toBe(true);
    expect(connect("203.0.113.1", 80)).toBe(false);
    expect(connect("203.0.113.2")).toBe(false);
  });

  it("may be no list", () => {
    const all = new Destinations(true);
    expect(all.allowsLookup("a")).toBe(true);
    expect(all.allowsHost(host("a"), 1)).toBe(true);
    expect(all.allowsEndpoint({ address: "1.2.3.4", port: 1 })).toBe(true);
  });

  it("may be empty", () => {
    expect(new Destinations([]).allowsEndpoint({ address: "127.0.0.1", port: 80 })).toBe(false);
  });
});
