import { describe, expect, it } from "vitest";
import { thrown } from "../support.js";
import { drop, openNetwork, type TestNetwork } from "./support.js";

function resolve({ imports }: TestNetwork, name: string) {
  const network = imports["wasi:sockets/instance-network"].instanceNetwork();
  try {
    return imports["wasi:sockets/ip-name-lookup"].resolveAddresses(network, name);
  } finally {
    drop(network);
  }
}

describe("a name lookup", () => {
  it("gives the addresses, then nothing", async () => {
    const network = await openNetwork(["localhost:1"]);
    const stream = resolve(network, "LOCALHOST.");
    expect(thrown(() => stream.resolveNextAddress())).toBe("would-block");
    const pollable = stream.subscribe();
    pollable.block();
    const addresses = [];
    for (let next = stream.resolveNextAddress(); next !== undefined; next = stream.resolveNextAddress()) {
      addresses.push(next);
    }
    expect(addresses).toContainEqual({ tag: "ipv4", val: [127, 0, 0, 1] });
    expect(stream.resolveNextAddress()).toBeUndefined();
    expect(network.held()).toEqual(["resolve-address-stream", "pollable"]);
    drop(pollable, stream);
    expect(network.held()).toEqual([]);
    expect(network.activity()).toEqual([{ kind: "lookup", to: "localhost" }]);
  });

  it("takes addresses for what they are, and asks no one", async () => {
    const network = await openNetwork([]);
    expect(resolve(network, "10.1.2.3").resolveNextAddress()).toEqual({ tag: "ipv4", val: [10, 1, 2, 3] });
    const v6 = { tag: "ipv6", val: [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x1f] };
    expect(resolve(network, "2001:db8::1f").resolveNextAddress()).toEqual(v6);
    expect(resolve(network, "::").resolveNextAddress()).toEqual({ tag: "ipv6", val: new Array(8).fill(0) });
    expect(network.activity()).toEqual([]);
  });

  it("fails for what is no name, is not allowed or is not there", async () => {
    const network = await openNetwork(["nowhere.invalid:1"]);
    for (const name of ["", "a b", "a/b", "1.2.3.4.5"])
      expect(thrown(() => resolve(network, name))).toBe("invalid-argument");
    expect(thrown(() => resolve(network, "localhost"))).toBe("access-denied");
    const stream = resolve(network, "nowhere.invalid");
    stream.subscribe().block();
    const error = thrown(() => stream.resolveNextAddress());
    // Without any resolver the answer is that it should be tried again.
    expect(["name-unresolvable", "temporary-resolver-failure"]).toContain(error);
    expect(network.activity()).toEqual([
      { kind: "lookup", to: "localhost", error: "access-denied" },
      { kind: "lookup", to: "nowhere.invalid", error },
    ]);
  });
});
