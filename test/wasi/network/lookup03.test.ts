import { expect, test } from "vitest";
import { openNetwork, rejection } from "./support.js";

const lookup = async (name: string, allowed: true | string[] = true) => {
  const network = await openNetwork(allowed);
  const call = network.imports["wasi:sockets/ip-name-lookup@0.3"].resolveAddresses(name);
  return { network, call };
};

test("a name has the addresses that the system says", async () => {
  const { network, call } = await lookup("LocalHost.", ["localhost:80"]);
  expect(await call).toContainEqual({ tag: "ipv4", val: [127, 0, 0, 1] });
  expect(network.activity()).toEqual([{ kind: "lookup", to: "localhost" }]);
});

test("an address is what it says, and no one is asked", async () => {
  const { network, call } = await lookup("::1", []);
  expect(await call).toEqual([{ tag: "ipv6", val: [0, 0, 0, 0, 0, 0, 0, 1] }]);
  expect(network.activity()).toEqual([]);
});

test("a name that is not allowed is denied, and noted", async () => {
  const { network, call } = await lookup("elsewhere.example", ["localhost:80"]);
  expect(await rejection(call)).toEqual({ tag: "access-denied" });
  expect(network.activity()).toEqual([{ kind: "lookup", to: "elsewhere.example", error: "access-denied" }]);
});

test("what is no name is invalid, and what does not exist cannot be resolved", async () => {
  expect(await rejection((await lookup("a b")).call)).toEqual({ tag: "invalid-argument" });
  const { call } = await lookup("nothing.invalid");
  // Without a name server at hand the answer may be that there is none for now.
  expect(["name-unresolvable", "temporary-resolver-failure"]).toContain(
    ((await rejection(call)) as { tag: string }).tag,
  );
});
