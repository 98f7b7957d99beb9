import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../support/paths.js";
import { COMPONENT, cli, useWorkspace } from "./cli.js";

const { path, write } = useWorkspace();

test("the bundle finds its threads", async () => {
  const input = await write("in.wat", COMPONENT);
  // Outputs are checked in one, and the network has one.
  const args = ["run", input, "-o", path("out.wasm"), "-f", "init", "--allow-network"];
  expect(await cli(args)).toMatchObject({ exitCode: 0 });
});

test("the bundle has the licences of what it holds", () => {
  const text = readFileSync(join(ROOT, "dist/bin/LICENSES.txt"), "utf8");
  for (const name of ["yargs", "execa", "tar", "ajv", "jsonc-parser", "leven"]) {
    expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, "m"));
  }
});

test("wasm-tools is in the package, with its licence, and jco is not needed", () => {
  const text = readFileSync(join(ROOT, "dist/wasm-tools/LICENSES.txt"), "utf8");
  expect(text).toMatch(/^@bytecodealliance\/jco-transpile \d+\.\d+\.\d+ \(/m);
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  expect(Object.keys(dependencies)).toEqual(["execa", "leven", "tar"]);
  expect(readFileSync(join(ROOT, "dist/wasm-tools/wasm-tools.js"), "utf8")).not.toMatch(/from "@bytecodealliance/);
});
