import { expect, test } from "vitest";
import type { createNoNetwork } from "../../src/wasi/no-network.js";
import { makeHost } from "./support.js";

test("there is a network to hold, of the class that the interface has, and it counts as held", () => {
  const { imports, liveHandles } = makeHost();
  const sockets = imports as unknown as ReturnType<typeof createNoNetwork>;
  const network = sockets["wasi:sockets/instance-network"].instanceNetwork();
  expect(network).toBeInstanceOf(sockets["wasi:sockets/network"].Network);
  expect(liveHandles()).toMatchObject([
    { type: "network", createdBy: "wasi:sockets/instance-network#instance-network" },
  ]);
  network[Symbol.dispose]();
  expect(liveHandles()).toEqual([]);
});
