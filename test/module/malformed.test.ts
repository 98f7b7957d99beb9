import { describe, expect, it } from "vitest";
import { ComponentInitError } from "../../src/errors.js";
import { decodeModule } from "../../src/module/decode.js";
import { encodeModule } from "../../src/module/encode.js";
import { countSteps, total } from "../scaling/steps.js";
import { decodeEverySection } from "./every-section.js";
import { wat } from "./wat.js";

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
/** Steps that a few bytes take. */
const FEW = 3000;

const HUGE = [0xff, 0xff, 0xff, 0xff, 0x0f];

function decodeAll(bytes: Uint8Array): void {
  decodeEverySection(decodeModule(bytes));
}

function failure(run: () => unknown): ComponentInitError {
  try {
    run();
  } catch (error) {
    if (error instanceof ComponentInitError) return error;
    throw error;
  }
  throw new Error("expected an error");
}

function section(id: number, ...contents: number[]): Uint8Array {
  return new Uint8Array([...HEADER, id, contents.length, ...contents]);
}

const SMALL = `(module
  (type $f (func (param i32) (result i32)))
  (import "env" "g" (global $g (mut i32)))
  (table 2 funcref) (memory 1 2) (tag (param i32))
  (global (mut f64) (f64.const 1)) (export "f" (func $id)) (start $start)
  (elem (i32.const 0) $id) (elem func $id)
  (func $id (type $f) (local i64) local.get 0)
  (func $start (data.drop 1))
  (data (i32.const 8) "hello") (data "passive"))`;

describe("truncation", () => {
  it("is an error at every byte that is not the end of a section", async () => {
    const bytes = await wat(SMALL);
    let failures = 0;
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytes.slice(0, length);
      try {
        const module = decodeModule(cut);
        // Only whole sections are left, so they are all there and come out again.
        decodeEverySection(module);
        expect(encodeModule(module).toBytes()).toEqual(cut);
      } catch (error) {
        expect(error).toBeInstanceOf(ComponentInitError);
        expect((error as ComponentInitError).message).toMatch(/at offset 0x[0-9a-f]+$/);
        failures++;
      }
    }
    // 13 sections and the name section, of which some cannot be last.
    expect(failures).toBeGreaterThan(bytes.length - 16);
    expect(failures).toBeLessThan(bytes.length);
  });

  it("is an error inside of every section whose length was put right", async () => {
    const bytes = await wat(SMALL);
    const { layout } = decodeModule(bytes);
    const names = layout.filter((item) => typeof item === "string");
    expect(names).toContain("data");
    for (let start = 8; start < bytes.length; ) {
      const length = bytes[start + 1] as number;
      for (let cut = 0; cut < length && bytes[start] !== 0; cut++) {
        const shorter = section(bytes[start] as number, ...bytes.subarray(start + 2, start + 2 + cut));
        expect(failure(() => decodeAll(shorter)).code, `section ${bytes[start]} cut to ${cut}`).toBe("malformed");
      }
      start += 2 + length;
    }
  });
});

describe("wrong bytes", () => {
  it("never make anything but a ComponentInitError", async () => {
    const bytes = await wat(SMALL);
    let failures = 0;
    for (let position = 0; position < bytes.length; position++) {
      for (const value of [0x00, 0x01, 0x40, 0x7f, 0x80, 0xff]) {
        const wrong = bytes.slice();
        wrong[position] = value;
        try {
          decodeAll(wrong);
        } catch (error) {
          expect(error, `byte ${position} = ${value}`).toBeInstanceOf(ComponentInitError);
          failures++;
        }
      }
    }
    expect(failures).toBeGreaterThan(bytes.length);
  });
});

describe("counts of 2^32 - 1", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13])("in section %i fail at once", (id) => {
    const { result, steps } = countSteps(() => failure(() => decodeAll(section(id, ...HUGE, 0x00))));
    expect(result.code).toBe("malformed");
    expect(total(steps)).toBeLessThan(FEW);
  });

  it.each([
    ["parameters", section(1, 0x01, 0x60, ...HUGE)],
    ["types in a group", section(1, 0x01, 0x4e, ...HUGE)],
    ["supertypes", section(1, 0x01, 0x50, ...HUGE)],
    ["fields", section(1, 0x01, 0x5f, ...HUGE)],
    ["elements", section(9, 0x01, 0x01, 0x00, ...HUGE)],
    ["element expressions", section(9, 0x01, 0x05, 0x70, ...HUGE)],
    ["name length", section(7, 0x01, ...HUGE)],
    ["data length", section(11, 0x01, 0x01, ...HUGE)],
    ["custom name length", section(0, ...HUGE)],
  ])("of %s fail at once", (_, bytes) => {
    const { result: error, steps } = countSteps(() => failure(() => decodeAll(bytes)));
    expect(error.code).toBe("malformed");
    expect(error.message).toContain("4294967295");
    expect(total(steps)).toBeLessThan(FEW);
  });
});

describe("messages", () => {
  const component = new Uint8Array([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]);
  it.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(), "core module of 0 bytes has no header at offset 0x0"],
    ["a component", component, "core module wanted, found a component at offset 0x4"],
    ["text", new TextEncoder().encode("(module $m)"), "core module wanted, found text at offset 0x0"],
    [
      "version",
      new Uint8Array([0x00, 0x61, 0x73, 0x6d, 2, 0, 0, 0]),
      "unknown version 2 of a core module at offset 0x4",
    ],
    ["section id", section(14), "unknown section id 14 at offset 0x8"],
    ["section length", new Uint8Array([...HEADER, 1, ...HUGE]), "type section: 4294967295 bytes wanted, 0 left, at"],
    ["long integer", section(5, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00), "does not fit 32 bits at offset 0xa"],
    ["order", new Uint8Array([...HEADER, 5, 1, 0, 1, 1, 0]), "type section out of order at offset 0xb"],
    ["repetition", new Uint8Array([...HEADER, 5, 1, 0, 5, 1, 0]), "second memory section at offset 0xb"],
    ["trailing bytes", section(5, 0x00, 0x00), "memory section has 1 bytes too many at offset 0xb"],
    ["value type", section(1, 0x01, 0x60, 0x01, 0x10, 0x00), "unknown value type 0x10 at offset 0xd"],
    ["type form", section(1, 0x01, 0x30), "unknown type form 0x30 at offset 0xb"],
    ["heap type", section(1, 0x01, 0x60, 0x01, 0x63, 0x41, 0x00), "unknown heap type 0x41 at offset 0xe"],
    ["limits", section(5, 0x01, 0x10, 0x00), "unknown limits flags 0x10 at offset 0xb"],
    ["functions", section(3, 0x01, 0x00), "1 functions but 0 function bodies"],
    ["UTF-8", section(7, 0x01, 0x01, 0xff, 0x00, 0x00), "export name is not valid UTF-8 at offset 0xc"],
  ])("name what is wrong and where: %s", (_, bytes, message) => {
    const error = failure(() => decodeAll(bytes));
    expect(error.code).toBe("malformed");
    expect(error.message).toContain(message);
  });

  it("count offsets from the start of the file that the module is in", () => {
    const error = failure(() => decodeEverySection(decodeModule(section(5, 0x01, 0x10, 0x00), 0x1000)));
    expect(error.message).toBe("unknown limits flags 0x10 at offset 0x100b");
  });

  it("say what is not supported", () => {
    const error = failure(() => decodeAll(section(1, 0x01, 0x4d, 0x00, 0x5f, 0x00)));
    expect(error.code).toBe("unsupported");
    expect(error.message).toContain("custom descriptors");
  });
});
