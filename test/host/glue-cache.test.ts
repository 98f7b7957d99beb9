import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { defaultCacheDirectory, GlueCache } from "../../src/host/glue-cache.js";
import { preinitialize } from "../../src/index.js";
import { COMPONENT, cli, useWorkspace } from "../cli/cli.js";
import { loadFixture } from "../support/fixtures.js";
import { wat } from "../support/wat.js";

let directory: string;
const glue = (source: string) => ({ source, adapters: { "component.core2.wasm": "AGFzbQ==" } });

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "component-init-cache-"));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true, force: true });
});

describe("the directory", () => {
  test("is below XDG_CACHE_HOME", () => {
    vi.stubEnv("XDG_CACHE_HOME", "/somewhere");
    expect(defaultCacheDirectory()).toBe("/somewhere/component-init/glue");
  });

  test.each(["", "relative/path", undefined])("is below ~/.cache when XDG_CACHE_HOME is %o", (value) => {
    vi.stubEnv("XDG_CACHE_HOME", value);
    expect(defaultCacheDirectory()).toBe(join(homedir(), ".cache/component-init/glue"));
  });

  test.each(["", "relative"])(
    "is none when the home is %o: nothing is written into the working directory",
    async (home) => {
      vi.stubEnv("XDG_CACHE_HOME", undefined);
      vi.stubEnv("HOME", home);
      const before = readdirSync(".");
      const cache = new GlueCache();
      await cache.write("key", glue("a"));
      expect(await cache.read("key")).toBeUndefined();
      expect(readdirSync(".")).toEqual(before);
    },
  );

  test("and what is in it are the user's alone", async () => {
    const inner = join(directory, "made");
    await new GlueCache(inner).write("key", glue("a"));
    expect(statSync(inner).mode & 0o077).toBe(0);
    expect(statSync(join(inner, "key.json")).mode & 0o077).toBe(0);
  });
});

describe("an entry", () => {
  test("is read as it was written, by any cache of the directory", async () => {
    await new GlueCache(directory).write("key", glue("source with ünicode"));
    expect(await new GlueCache(directory).read("key")).toEqual(glue("source with ünicode"));
    expect(await new GlueCache(directory).read("other")).toBeUndefined();
    expect(readdirSync(directory)).toEqual(["key.json"]);
  });

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ["is empty", () => Buffer.alloc(0)],
    ["ends early", (bytes) => bytes.subarray(0, bytes.length - 1)],
    ["ends after the hash", (bytes) => bytes.subarray(0, 65)],
    ["has another byte", (bytes) => Buffer.concat([bytes.subarray(0, 90), Buffer.from("X"), bytes.subarray(91)])],
    ["has more bytes", (bytes) => Buffer.concat([bytes, Buffer.from(" ")])],
    ["is something else", () => Buffer.from("hello\nworld")],
  ])("that %s is none, and is replaced", async (_, damage) => {
    const cache = new GlueCache(directory);
    await cache.write("key", glue("x".repeat(100)));
    const path = join(directory, "key.json");
    writeFileSync(path, damage(readFileSync(path)));
    expect(await cache.read("key")).toBeUndefined();
    await cache.write("key", glue("new"));
    expect(await cache.read("key")).toEqual(glue("new"));
  });

  test("that is a directory is none", async () => {
    mkdirSync(join(directory, "key.json"));
    const cache = new GlueCache(directory);
    expect(await cache.read("key")).toBeUndefined();
    await cache.write("key", glue("a"));
    expect(readdirSync(directory)).toEqual(["key.json"]);
  });
});

describe("a directory that cannot be used costs nothing but time", () => {
  test.each(["below a file", "below a link to nowhere"])("%s", async (where) => {
    const path = join(directory, "obstacle");
    if (where === "below a file") writeFileSync(path, "");
    else symlinkSync("/nowhere/at/all", path);
    const cache = new GlueCache(join(path, "glue"));
    await cache.write("key", glue("a"));
    expect(await cache.read("key")).toBeUndefined();
  });

  test.skipIf(process.getuid?.() === 0)("without permission to write", async () => {
    chmodSync(directory, 0o500);
    const cache = new GlueCache(directory);
    await cache.write("key", glue("a"));
    expect(await cache.read("key")).toBeUndefined();
  });
});

describe("the size", () => {
  const entryBytes = 65 + JSON.stringify(glue("x".repeat(1000))).length;
  const age = (name: string, seconds: number) => {
    const time = Date.now() / 1000 - seconds;
    utimesSync(join(directory, name), time, time);
  };

  test("is bounded: what was unused for longest goes", async () => {
    const cache = new GlueCache(directory, 3 * entryBytes);
    for (const [i, key] of ["a", "b", "c"].entries()) {
      await cache.write(key, glue("x".repeat(1000)));
      age(`${key}.json`, 1000 - i);
    }
    // Reading counts as using.
    expect(await cache.read("a")).toBeDefined();
    await cache.write("d", glue("x".repeat(1000)));
    expect(readdirSync(directory).sort()).toEqual(["a.json", "c.json", "d.json"]);
  });

  test("counts what was there before the bound was lowered", async () => {
    for (const key of ["a", "b", "c"]) {
      await new GlueCache(directory).write(key, glue("x".repeat(1000)));
      age(`${key}.json`, 1000);
    }
    await new GlueCache(directory, entryBytes).write("d", glue("x".repeat(1000)));
    expect(readdirSync(directory)).toEqual(["d.json"]);
  });

  test("of a single entry above the bound leaves none", async () => {
    const cache = new GlueCache(directory, 10);
    await cache.write("a", glue("x"));
    expect(readdirSync(directory)).toEqual([]);
  });

  test("temporary files that someone left behind go, those that are being written stay", async () => {
    writeFileSync(join(directory, "k.1.tmp"), "x".repeat(10_000));
    writeFileSync(join(directory, "k.2.tmp"), "x".repeat(10_000));
    age("k.1.tmp", 2 * 60 * 60);
    await new GlueCache(directory, 2 * entryBytes).write("a", glue("x".repeat(1000)));
    expect(readdirSync(directory)).toContain("k.2.tmp");
    expect(readdirSync(directory)).not.toContain("k.1.tmp");
  });
});

describe("the key", () => {
  const bindings = async (component: Uint8Array, cache = true) => {
    const { report } = await preinitialize(component, { initFunc: "none", cache });
    return report.bindings;
  };

  test("depends on the component", async () => {
    vi.stubEnv("XDG_CACHE_HOME", directory);
    const one = await loadFixture("memory-writes");
    const other = await loadFixture("init-args");
    expect(await bindings(one)).toBe("generated");
    expect(await bindings(other)).toBe("generated");
    expect(await bindings(one)).toBe("cached");
    expect(await bindings(other)).toBe("cached");
    expect(await bindings(one, false)).toBe("generated");
  });

  test("does not depend on code and data, which the glue does not depend on", async () => {
    vi.stubEnv("XDG_CACHE_HOME", directory);
    expect(await bindings(await wat(COMPONENT))).toBe("generated");
    expect(await bindings(await wat(COMPONENT.replace("(i32.const 42)", "(i32.const 43)")))).toBe("cached");
  });

  test("depends on the names of exports", async () => {
    vi.stubEnv("XDG_CACHE_HOME", directory);
    expect(await bindings(await wat(COMPONENT))).toBe("generated");
    expect(await bindings(await wat(COMPONENT.replaceAll('"get"', '"got"')))).toBe("generated");
  });
});

describe("processes at once", () => {
  const { path, write } = useWorkspace();

  test("fill one cache without getting in each other's way", async () => {
    const input = await write("in.wat", COMPONENT);
    const env = { XDG_CACHE_HOME: directory };
    const run = (i: number) => cli(["run", input, "-o", path(`out-${i}.wasm`), "-f", "init"], { env });
    const results = await Promise.all([0, 1, 2, 3].map(run));
    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    const files = readdirSync(join(directory, "component-init/glue"));
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((name) => !name.endsWith(".json"))).toEqual([]);
    const outputs = [0, 1, 2, 3].map((i) => readFileSync(path(`out-${i}.wasm`), "base64"));
    expect(new Set(outputs).size).toBe(1);
  });
});
