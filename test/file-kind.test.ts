import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { describeKind, fileKind, isText } from "../src/file-kind.js";

const COMPONENTIZE = "JavaScript (make a component of it with `jco componentize`)";
const WIT = "WIT, which describes components (give one that is built to it)";

describe("a file", () => {
  test.each<[string, string | Uint8Array, string | RegExp | undefined]>([
    ["empty", "", "nothing"],
    ["WebAssembly", "\0asm\x0d\0\x01\0", "WebAssembly"],
    ["gzip", gzipSync("x"), "gzip-compressed data (decompress it first)"],
    ["zstd, which begins like WebAssembly text", zstdCompressSync("x"), "zstd-compressed data (decompress it first)"],
    ["xz", "\xfd7zXZ\0\0", "xz-compressed data (decompress it first)"],
    ["bzip2", "BZh91AY", "bzip2-compressed data (decompress it first)"],
    ["zip", "PK\x03\x04", "a zip archive"],
    ["tar", `${"a".repeat(257)}ustar`, "a tar archive"],
    ["ELF", "\x7fELF\x02", "an ELF file"],
    ["Wasmtime's", "\x7fELF\x02\0.wasmtime.engine\0", /precompiled for Wasmtime \(give the component/],
    ["JavaScript", "// a comment\nexport function init() {}\n", COMPONENTIZE],
    ["JavaScript that imports", 'import { log } from "local:host/log";\nlog("x");', COMPONENTIZE],
    ["JavaScript that imports for nothing but that", "import './a.js'", COMPONENTIZE],
    ["JavaScript of variables", "const a = 1;", COMPONENTIZE],
    ["WIT", "package local:app@1.0.0;\n\nworld app {\n  export init: func();\n}", WIT],
    ["WIT with comments", "/// what it is\ninterface log {\n}", WIT],
    ["a pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:", /^a pointer of Git LFS \(/],
    ["a page that tells of an error", "<!DOCTYPE html>\n<html>", "HTML or XML"],
    ["C", "int main(void) { return 0; }", "text"],
    ["Python", "import os\nprint(1)\n", "text"],
    ["JSON", '{"import": 1}', "text"],
    ["prose", "The world is an interface.", "text"],
    ["other bytes", "\xca\xfe\0", undefined],
  ])("%s", (_, content, expected) => {
    const kind = fileKind(typeof content === "string" ? Buffer.from(content, "latin1") : content);
    const text = kind && describeKind(kind);
    if (expected instanceof RegExp) expect(text).toMatch(expected);
    else expect(text).toBe(expected);
  });

  test("is text as long as it begins so", () => {
    expect(isText(Buffer.from("käse\r\n\t"))).toBe(true);
    expect(isText(zstdCompressSync("(component)"))).toBe(false);
  });
});
