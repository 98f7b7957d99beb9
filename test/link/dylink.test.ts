import { describe, expect, test } from "vitest";
import { decodeDylink } from "../../src/link/dylink.js";
import { decodeModule } from "../../src/module/decode.js";
import { wat } from "../support/wat.js";

const decode = async (section: string) => decodeDylink(decodeModule(await wat(`(module ${section})`)));

describe("dylink.0", () => {
  test("is missing in what is no library", async () => {
    expect(await decode("")).toBeUndefined();
  });

  test("says nothing by itself", async () => {
    const nothing = { size: 0, alignment: 1 };
    expect(await decode("(@dylink.0)")).toEqual({
      memory: nothing,
      table: nothing,
      needed: [],
      runtimePath: [],
      weakImports: new Set(),
      architecture: undefined,
    });
  });

  test("says what a library needs", async () => {
    const found = await decode(`(@dylink.0
      (mem-info (memory 100 4) (table 7 2))
      (needed "libc.so" "libm.so")
      (export-info "x" tls)
      (import-info "env" "maybe" binding-weak undefined)
      (import-info "env" "surely" undefined)
      (runtime-path "$ORIGIN/lib" "/usr/lib"))`);
    expect(found).toEqual({
      memory: { size: 100, alignment: 16 },
      table: { size: 7, alignment: 4 },
      needed: ["libc.so", "libm.so"],
      runtimePath: ["$ORIGIN/lib", "/usr/lib"],
      weakImports: new Set(["env maybe"]),
      architecture: undefined,
    });
  });

  test("may have several subsections of one kind, which add up", async () => {
    const found = await decode('(@custom "dylink.0" "\\02\\03\\01\\01a\\02\\05\\02\\01b\\01c\\06\\07\\06wasm32")');
    expect(found).toMatchObject({ needed: ["a", "b", "c"], architecture: "wasm32" });
  });

  test("may name very many libraries", async () => {
    const library = await wat("(module)").then(decodeModule);
    // As a vector with a length of three bytes: 200,000.
    const needed = Buffer.concat([Buffer.of(0xc0, 0x9a, 0x0c), Buffer.from("\x01a".repeat(200_000))]);
    const size = Buffer.of((needed.length & 0x7f) | 0x80, ((needed.length >> 7) & 0x7f) | 0x80, needed.length >> 14);
    library.addCustomSection("dylink.0", Buffer.concat([Buffer.of(2), size, needed]));
    expect(decodeDylink(library)?.needed.length).toBe(200_000);
  });

  test.each([
    ["an unknown subsection", "\\09\\00", "unknown subsection 9 of dylink.0 at offset 0x"],
    ["an alignment of more than memory", "\\01\\04\\00\\20\\00\\00", "an alignment of 2^32 at offset 0x"],
    ["too many bytes", "\\02\\02\\00\\00", "a subsection of dylink.0 has 1 bytes too many"],
    ["too few", "\\01\\08\\00", "subsection of dylink.0: 8 bytes wanted, 1 left"],
  ])("%s is malformed", async (_, bytes, says) => {
    await expect(decode(`(@custom "dylink.0" "${bytes}")`)).rejects.toMatchObject({
      code: "malformed",
      message: expect.stringContaining(says),
    });
  });
});
