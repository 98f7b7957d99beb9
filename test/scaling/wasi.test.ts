import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeTree } from "../wasi/filesystem/support.js";
import { type Imports, makeHost, scratch } from "../wasi/support.js";
import { expectLinear, growthOn } from "./growth.js";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** All the guest finds at first. */
function look(imports: Imports): void {
  imports["wasi:cli/environment"].getEnvironment();
  imports["wasi:cli/environment"].getArguments();
  for (const [directory] of imports["wasi:filesystem/preopens"].getDirectories()) directory.getType();
}

describe("of what a guest is given, work is linear in", () => {
  test.each([
    ["directories", (i: number) => `/mount${i}`],
    ["directories within each other", (i: number) => `/${"d/".repeat(i % 50)}x${i}`],
    ["relative directories", (i: number) => `a/${i}/b`],
    ["directories outside", (i: number) => `../${i}`],
  ])("%s", async (what, guest) => {
    const host = scratch();
    const preopensOf = (n: number) => range(n).map((i) => ({ host, guest: guest(i) }));
    expectLinear(what, await growthOn(130, preopensOf, (preopens) => look(makeHost({ preopens }).imports)));
  });

  test("directories with rw", async () => {
    const host = scratch();
    makeTree(host, Object.fromEntries(range(520).map((i) => [`d${i}/f`, ""])));
    const preopensOf = (n: number) =>
      range(n).map((i) => ({ host: join(host, `d${i}`), guest: `/${i}`, mode: "rw" as const }));
    expectLinear("directories", await growthOn(130, preopensOf, (preopens) => look(makeHost({ preopens }).imports)));
  });

  test("components of a path", async () => {
    const host = scratch();
    const preopensOf = (n: number) => [
      { host, guest: "/" },
      { host, guest: "/x".repeat(n) },
    ];
    expectLinear("components", await growthOn(500, preopensOf, (preopens) => look(makeHost({ preopens }).imports)));
  });

  test("variables and arguments", async () => {
    const given = (n: number) => ({
      env: Object.fromEntries(range(n).map((i) => [`V${i}`, "x"])),
      args: range(n).map((i) => `a${i}`),
    });
    expectLinear("variables", await growthOn(300, given, (options) => look(makeHost(options).imports)));
  });

  test("libraries that it finds in them", async () => {
    const host = scratch();
    makeTree(host, { "lib.so": "x" });
    const given = (n: number) => range(n).map((i) => ({ host, guest: `/mount${i}` }));
    const find = (preopens: ReturnType<typeof given>) => {
      const { findFile } = makeHost({ preopens });
      for (const { guest } of preopens) expect(findFile(`${guest}/lib.so`)?.size).toBe(1);
    };
    expectLinear("files", await growthOn(130, given, find));
  });
});
