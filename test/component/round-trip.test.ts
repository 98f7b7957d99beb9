import { readFile } from "node:fs/promises";
import { componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, test } from "vitest";
import { decodeComponent } from "../../src/component/decode.js";
import { fixtureNames, loadFixture } from "../support/fixtures.js";
import { print } from "../support/wat.js";
import { CONSTRUCTS } from "./constructs.js";
import { componentOf, roundTrip, wat } from "./support.js";

const PACKAGES = new URL("../../node_modules/@bytecodealliance/", import.meta.url);

/** `toEqual` on megabytes takes seconds. */
function expectSame(left: Uint8Array, right: Uint8Array): void {
  expect(left.length).toBe(right.length);
  expect(Buffer.compare(left, right)).toBe(0);
}

describe("a component comes back byte by byte", () => {
  test.each(fixtureNames())("fixture %s", async (name) => {
    const bytes = await loadFixture(name);
    expectSame(roundTrip(bytes), bytes);
  });

  // The other core modules of the packages are shims, which are of no use alone.
  test.each([
    "jco-transpile/vendor/js-component-bindgen-component.core.wasm",
    "jco-transpile/vendor/wasm-tools.core.wasm",
    "componentize-js/lib/spidermonkey-embedding-splicer.core.wasm",
    "componentize-js/lib/starlingmonkey_embedding.wasm",
  ])("made of %s", async (path) => {
    const core = await readFile(new URL(path, PACKAGES));
    const adapter = await readFile(new URL("jco/lib/wasi_snapshot_preview1.reactor.wasm", PACKAGES));
    const bytes = await componentNew(new Uint8Array(core), [["wasi_snapshot_preview1", new Uint8Array(adapter)]]);
    expect(bytes.length).toBeGreaterThan(core.length);
    expectSame(roundTrip(bytes), bytes);
  });

  test.each(Object.entries(CONSTRUCTS))("%s", async (_, text) => {
    const bytes = await wat(`(component ${text})`);
    expect(bytes.length).toBeGreaterThan(16);
    expect(roundTrip(bytes)).toEqual(bytes);
  });
});

test("every kind of section is among the constructs", async () => {
  const kinds = new Set<string>();
  for (const text of Object.values(CONSTRUCTS)) {
    for (const { kind } of decodeComponent(await wat(`(component ${text})`)).sections) kinds.add(kind);
  }
  // wasm-tools has no text for value sections, which have a test of their own.
  expect([...kinds].sort()).toEqual(
    ["custom", "core module", "core instance", "core type", "component", "instance", "alias"]
      .concat(["type", "canon", "start", "import", "export"])
      .sort(),
  );
});

describe("bytes that wasm-tools does not write", () => {
  test("a value section", () => {
    const bytes = componentOf([12, 1, 0x7d, 1, 42]);
    expect(roundTrip(bytes)).toEqual(bytes);
  });

  // What wasm-tools calls canonical built-in 0x08 has no text any more, and components of 2025 have it.
  test("backpressure.set", () => {
    const bytes = componentOf([8, 1, 0x08]);
    expect(roundTrip(bytes)).toEqual(bytes);
  });

  test("thread built-ins that are waited for `cancellable`", () => {
    const bytes = componentOf([8, 5, 0x0c, 1, 0x29, 1, 0x2a, 1, 0x2b, 1, 0x2c, 1]);
    expect(roundTrip(bytes)).toEqual(bytes);
  });

  test("names of the form of 2023", () => {
    const bytes = componentOf([7, 1, 0x40, 0, 1, 0], [10, 1, 0x01, 1, 0x66, 0x01, 0]);
    expect(roundTrip(bytes)).toEqual(bytes);
  });

  test("a name with several attributes", () => {
    const bytes = componentOf([7, 1, 0x40, 0, 1, 0], [10, 1, 0x02, 1, 0x66, 2, 0x00, 1, 0x61, 0x02, 0, 0x01, 0]);
    expect(roundTrip(bytes)).toEqual(bytes);
  });

  test("an empty section, which stays", () => {
    const bytes = componentOf([7, 0], [10, 0]);
    expect(roundTrip(bytes)).toEqual(bytes);
  });

  test("names before what they name", async () => {
    const names = [0, 17, 14, ...Buffer.from("component-name"), 0x00];
    const subsections = [0x01, 5, 0x03, 1, 0, 1, 0x74];
    const contents = [...names.slice(2, -1), ...subsections];
    const bytes = componentOf([0, ...contents], [7, 1, 0x40, 0, 1, 0]);
    expect(decodeComponent(bytes).sections[0]?.definitions[0]).toMatchObject({ kind: "component names" });
    expect(roundTrip(bytes)).toEqual(bytes);
    expect(await print(bytes)).toContain("$t");
  });

  test.each([
    ["a number that names nothing", [0x01, 5, 0x03, 1, 9, 1, 0x74]],
    ["a subsection of another kind", [0x07, 1, 0x00]],
    ["a subsection that ends early", [0x01, 9, 0x03]],
  ])("a component-name section with %s, as it is", (_, contents) => {
    const bytes = componentOf([7, 1, 0x40, 0, 1, 0], [0, 14, ...Buffer.from("component-name"), ...contents]);
    expect(decodeComponent(bytes).sections[1]?.definitions[0]).toMatchObject({ kind: "custom" });
    expect(roundTrip(bytes)).toEqual(bytes);
  });

  test("integers longer than they need to be become short, and mean the same", async () => {
    const long = componentOf(
      [7, 0x81, 0x00, 0x40, 0x80, 0x80, 0x00, 0x01, 0x00],
      [10, 1, 0, 1, 0x66, 0x01, 0x80, 0x00],
    );
    const short = componentOf([7, 1, 0x40, 0, 1, 0], [10, 1, 0, 1, 0x66, 0x01, 0]);
    expect(roundTrip(long)).toEqual(short);
    expect(await print(long)).toBe(await print(short));
  });

  test("a section length longer than it needs to be", () => {
    const short = componentOf([7, 1, 0x40, 0, 1, 0]);
    const long = new Uint8Array([...short.subarray(0, 9), 0x85, 0x80, 0x00, ...short.subarray(10)]);
    expect(roundTrip(long)).toEqual(short);
  });
});

test("core modules and custom sections are views of the input", async () => {
  const bytes = await wat(`(component (core module (memory 1)) (@custom "c" "contents"))`);
  const [module, custom] = decodeComponent(bytes).sections.map(({ definitions }) => definitions[0]);
  expect(module?.kind === "core module" && module.chunks[0]?.buffer).toBe(bytes.buffer);
  expect(custom?.kind === "custom" && custom.contents.buffer).toBe(bytes.buffer);
});
