import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Manifest, ManifestLibrary, ManifestLimits, ManifestPreopen } from "../../../src/cli/manifest/manifest.js";
import { whatIsWrong } from "../../../src/cli/manifest/validate.js";
import { RUN_OPTIONS, type RunOption } from "../../../src/cli/run-options.js";
import { ROOT } from "../../support/paths.js";

const schema = JSON.parse(readFileSync(join(ROOT, "schema/component-init.schema.json"), "utf8"));

/** The options that a key stands for. */
const OPTIONS: Readonly<Record<keyof Required<Manifest>, readonly RunOption[]>> = {
  $schema: [],
  component: [],
  sharedLibs: ["lib", "dl-openable"],
  adapters: ["adapt"],
  libraryPath: ["library-path"],
  stackSize: ["stack-size"],
  stubMissingFunctions: ["stub-missing-functions"],
  dlopen: ["dlopen"],
  keepDlopen: ["keep-dlopen"],
  plan: ["plan"],
  output: ["output"],
  init: ["init-func"],
  keepInit: ["keep-init-func"],
  args: [],
  env: ["env"],
  stdin: ["stdin"],
  preopens: ["dir", "tar"],
  clock: ["clock"],
  seed: ["seed"],
  random: ["random"],
  network: ["allow-network"],
  handles: ["handles"],
  forget: ["forget"],
  limits: ["timeout", "max-memory", "max-archive-size", "max-written"],
  imports: ["import"],
  modules: ["module"],
  components: ["component"],
  gc: ["gc"],
  verify: ["verify"],
  trace: ["trace"],
};
const PREOPEN: Readonly<Record<keyof Required<ManifestPreopen>, true>> = {
  host: true,
  archive: true,
  guest: true,
  mode: true,
};
const LIBRARY: Readonly<Record<keyof Required<ManifestLibrary>, true>> = { file: true, name: true, dlOpenable: true };
const LIMITS: Readonly<Record<keyof Required<ManifestLimits>, true>> = {
  timeout: true,
  memory: true,
  archives: true,
  written: true,
};

describe("the schema", () => {
  test("has the keys of the types, with a description each", () => {
    const { properties } = schema;
    for (const [described, keys] of [
      [properties, OPTIONS],
      [properties.preopens.items.properties, PREOPEN],
      [properties.limits.properties, LIMITS],
      [properties.sharedLibs.items.anyOf[1].properties, LIBRARY],
    ]) {
      expect(Object.keys(described).toSorted()).toEqual(Object.keys(keys).toSorted());
      for (const { description } of Object.values<{ description: string }>(described))
        expect(description).toMatch(/\.$/);
    }
  });

  test("has a key for every option but those that are about the command itself", () => {
    const withKey = Object.values(OPTIONS).flat();
    const without = (Object.keys(RUN_OPTIONS) as RunOption[]).filter((name) => !withKey.includes(name));
    expect(without.toSorted()).toEqual(["json", "manifest", "verbose"]);
  });

  test("is in the package", () => {
    expect(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).files).toContain("schema");
  });
});

test.each<unknown>([
  {},
  { $schema: "x", component: "a.wasm", output: "b.wasm", init: "init", env: { A: "1", B: true }, args: [] },
  { preopens: [{ host: ".", guest: "/", mode: "rw" }, { archive: "a.tar" }], network: ["a:1"], seed: "1" },
  { network: false, seed: 1, random: "real", limits: { memory: 1, timeout: "1s" }, imports: { "a:b/c@1.0.0": "c.js" } },
])("%j is right", async (manifest) => {
  expect(await whatIsWrong(manifest)).toBeUndefined();
});

test.each<[unknown, string]>([
  [{ preopen: [] }, 'unknown key "preopen": did you mean "preopens"?'],
  [{ Component: "a" }, 'unknown key "Component": did you mean "component"?'],
  [{ limits: { time: "1s" } }, 'unknown key "time" in limits: known are timeout, memory, archives, written'],
  [{ initFunc: "init" }, 'unknown key "initFunc": did you mean "init"?'],
  [{ timeout: "1s" }, 'unknown key "timeout": did you mean "limits.timeout"?'],
  [{ limits: { dir: 1 } }, 'unknown key "dir" in limits: known are timeout, memory, archives, written'],
  [{ preopens: ["a::/"] }, "preopens[0] must be an object"],
  [{ preopens: [{ Host: "a" }] }, 'unknown key "Host" in preopens[0]: did you mean "host"?'],
  [{ preopens: [{ host: "a", gest: "/" }] }, 'unknown key "gest" in preopens[0]: did you mean "guest"?'],
  [{ preopens: [{ guest: "/" }] }, "preopens[0] needs one of host or archive, and not both"],
  [{ preopens: [{ host: "a", archive: "b" }] }, "preopens[0] needs one of host or archive, and not both"],
  [{ preopens: [{ host: "a", mode: "w" }] }, "preopens[0].mode must be one of ro, rw, overlay"],
  [{ sharedLibs: [{ name: "a" }] }, "sharedLibs[0] must be a text or an object"],
  [{ args: "a" }, "args must be a list"],
  [{ args: [1] }, "args[0] must be a text"],
  [{ env: { A: 1 } }, "env.A must be a text or true"],
  [{ env: { "A=B": "1" } }, 'env: "A=B" cannot be a name'],
  [{ env: { "a.b": false } }, 'env["a.b"] must be a text or true'],
  [{ component: "" }, "component is empty"],
  [{ gc: "yes" }, "gc must be true or false"],
  [{ random: "seeded" }, "random must be real"],
  [{ seed: 1.5 }, "seed must be a whole number or a text"],
  [{ network: "all" }, "network must be true or false or a list"],
  [{ imports: { "a:b/c": 1 } }, 'imports["a:b/c"] must be a text'],
  [[], "it must be an object"],
  [null, "it must be an object"],
])("%j: %s", async (manifest, says) => {
  expect(await whatIsWrong(manifest)).toBe(says);
});
