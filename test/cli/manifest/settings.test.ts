import { expect, test } from "vitest";
import { MANIFEST_NAME, type Manifest } from "../../../src/cli/manifest/manifest.js";
import { settingsOfManifest } from "../../../src/cli/manifest/settings.js";

const PATH = "project/component-init.json";

test("paths are relative to the manifest", async () => {
  const settings = await settingsOfManifest(
    {
      component: "build/app.wasm",
      output: "dist/app.wasm",
      stdin: "/abs/in.txt",
      trace: "../trace.jsonl",
      preopens: [
        { host: "assets", guest: "/assets", mode: "overlay" },
        { host: "lib" },
        { archive: "site.tar" },
        { archive: "more.tar", guest: "/more", mode: "overlay" },
      ],
      imports: { "a:b/c": "c.js" },
      modules: { m: "m.wasm" },
      components: { c: "c.wasm" },
    },
    PATH,
  );
  expect(settings).toMatchObject({
    input: "project/build/app.wasm",
    output: "project/dist/app.wasm",
    stdin: "/abs/in.txt",
    trace: "trace.jsonl",
    preopens: [
      { host: "project/assets", guest: "/assets", mode: "overlay" },
      { host: "project/lib", guest: "lib" },
      { archive: "project/site.tar", guest: "/" },
      { archive: "project/more.tar", guest: "/more", mode: "overlay" },
    ],
    importModules: { "a:b/c": "project/c.js" },
    modules: { m: "project/m.wasm" },
    components: { c: "project/c.wasm" },
  });
});

test("in this directory they are as they are written, and - is a standard stream", async () => {
  expect(await settingsOfManifest({ component: "-", output: "b.wasm" }, MANIFEST_NAME)).toMatchObject({
    input: "-",
    output: "b.wasm",
  });
  expect(await settingsOfManifest({ output: "-" }, PATH)).toMatchObject({ output: "-" });
});

test("what is left out is not there", async () => {
  expect(await settingsOfManifest({}, PATH)).toEqual({
    adapters: {},
    env: {},
    importModules: {},
    modules: {},
    components: {},
  });
});

test.each<[Manifest, object]>([
  [
    { init: "setup(1)", keepInit: true, args: ["a", "b"] },
    { initFunc: "setup(1)", keepInitFunc: true, args: ["a", "b"] },
  ],
  [{ clock: "2025-06-01T00:00:00Z" }, { clock: new Date("2025-06-01T00:00:00Z") }],
  [{ clock: "real" }, { clock: "real" }],
  [{ seed: 7 }, { seed: 7n }],
  [{ seed: "0xffffffffffffffff" }, { seed: 2n ** 64n - 1n }],
  [{ random: "real" }, { random: "real" }],
  [{ network: true }, { network: true }],
  [{ network: ["a.example:443", "b.example:*"] }, { network: ["a.example:443", "b.example:*"] }],
  [
    { limits: { timeout: "2m", memory: "512MiB", archives: 1000, written: "1kB" } },
    { timeout: 120_000, maxMemory: 2 ** 29, maxArchiveSize: 1000, maxWritten: 1000 },
  ],
  [
    { handles: "warn", forget: ["adapter"], gc: true, verify: true },
    { handles: "warn", forget: ["adapter"], gc: true, verify: true },
  ],
])("%j", async (manifest, expected) => {
  expect(await settingsOfManifest(manifest, PATH)).toMatchObject(expected);
});

test("libraries are relative to the manifest, too", async () => {
  const settings = await settingsOfManifest(
    {
      sharedLibs: ["app.so", { file: "/abs/plugin.so", name: "plugins/p.so", dlOpenable: true }],
      adapters: { wasi_snapshot_preview1: "adapter.wasm" },
      libraryPath: ["lib"],
      stackSize: "8MiB",
      stubMissingFunctions: true,
    },
    PATH,
  );
  expect(settings).toMatchObject({
    libraries: [{ path: "project/app.so" }, { path: "/abs/plugin.so", name: "plugins/p.so", dlOpenable: true }],
    adapters: { wasi_snapshot_preview1: "project/adapter.wasm" },
    libraryPath: ["project/lib"],
    stackSize: 2 ** 23,
    stubMissingFunctions: true,
  });
});

test("a network that is false is none", async () => {
  expect(await settingsOfManifest({ network: false }, PATH)).not.toHaveProperty("network");
});

test("true in the place of a variable's value passes it on", async () => {
  process.env.COMPONENT_INIT_TEST = "passed on";
  const env = { A: "", COMPONENT_INIT_TEST: true } as const;
  expect((await settingsOfManifest({ env }, PATH)).env).toEqual({ A: "", COMPONENT_INIT_TEST: "passed on" });
  delete process.env.COMPONENT_INIT_TEST;
  await expect(settingsOfManifest({ env }, PATH)).rejects.toThrow(/^project.*env\.COMPONENT_INIT_TEST is not set/);
});

test.each<[Manifest, RegExp]>([
  [{ component: "a.wasm", sharedLibs: ["b.so"] }, /component and sharedLibs exclude each other/],
  [{ clock: "noon" }, /clock noon: an instant/],
  [{ seed: -1 }, /seed -1: a number from 0/],
  [{ seed: 2 ** 60 }, /seed .* too large for a number of JSON: write it as a text/],
  [{ seed: 1, random: "real" }, /seed and random exclude each other/],
  [{ limits: { timeout: "soon" } }, /limits\.timeout soon: a duration/],
  [{ limits: { memory: "much" } }, /limits\.memory much: a size/],
  [{ network: ["https://a.example"] }, /network=https:\/\/a\.example: HOST:PORT/],
  [{ preopens: [{ archive: "a.tar", mode: "rw" }] }, /a\.tar: an archive stays as it is/],
])("%j is refused", async (manifest, says) => {
  await expect(settingsOfManifest(manifest, PATH)).rejects.toMatchObject({
    code: "invalid-option",
    message: expect.stringMatching(says),
  });
});
