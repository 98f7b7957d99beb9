import { describe, expect, it } from "vitest";
import { CoreModule } from "../../src/module/model.js";
import { ModuleNames } from "../../src/module/names.js";
import { moduleOf } from "./wat.js";

function namesOf(...contents: number[]): ModuleNames {
  const module = CoreModule.empty();
  module.addCustomSection("name", new Uint8Array(contents));
  return new ModuleNames(module);
}

describe("names", () => {
  it("are read by kind", async () => {
    const names = new ModuleNames(
      await moduleOf(`(module $mod (type $t (func)) (func $f) (func $g) (memory $m 1) (global $x i32 (i32.const 0))
        (table $tab 1 funcref) (elem $e func) (data $d "") (tag $tag))`),
    );
    expect(names.module).toBe("mod");
    expect([...names.of("functions")]).toEqual([
      [0, "f"],
      [1, "g"],
    ]);
    for (const [kind, name] of [
      ["types", "t"],
      ["memories", "m"],
      ["globals", "x"],
      ["tables", "tab"],
      ["elements", "e"],
      ["data", "d"],
      ["tags", "tag"],
    ] as const) {
      expect(names.of(kind).get(0), kind).toBe(name);
    }
  });

  it("may be missing", async () => {
    const names = new ModuleNames(await moduleOf("(module (func))"));
    expect(names.module).toBeUndefined();
    expect(names.of("functions").size).toBe(0);
  });

  it.each([
    ["a length past the end", [0x00, 0x7f, 0x01]],
    ["a name past the end", [0x00, 0x02, 0x7f, 0x61, 0x01, 0x02, 0x01, 0x00]],
    ["bytes that are no UTF-8", [0x00, 0x02, 0x01, 0xff, 0x01, 0x04, 0x01, 0x00, 0x01, 0xff]],
    ["a huge count", [0x01, 0x05, 0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])("count as missing when malformed: %s", (_, contents) => {
    const names = namesOf(...contents);
    expect(names.module).toBeUndefined();
    expect(names.of("functions").size).toBe(0);
  });

  it("survive next to malformed ones", () => {
    const names = namesOf(0x00, 0x02, 0x01, 0x61, 0x01, 0x02, 0x7f, 0x00);
    expect(names.module).toBe("a");
    expect(names.of("functions").size).toBe(0);
  });
});
