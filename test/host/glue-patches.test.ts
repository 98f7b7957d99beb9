import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate, $init as initBindgen } from "@bytecodealliance/jco-transpile/component";
import { beforeAll, describe, expect, test } from "vitest";
import { patchGlue } from "../../src/host/glue-patches.js";
import { preinitialize } from "../../src/index.js";
import { compileC, componentize } from "../support/clang.js";
import { loadFixture } from "../support/fixtures.js";
import { jcoSession } from "../support/jco.js";
import { refusal } from "../support/refusal.js";
import { wat } from "../support/wat.js";

/** What jco generates for a component, before any change. */
async function glueOf(component: Uint8Array): Promise<string> {
  await initBindgen;
  const { files } = generate(component, {
    name: "component",
    instantiation: { tag: "async" },
    multiMemory: true,
    noTypescript: true,
    base64Cutoff: 0,
    bindgenEnableWasmExnref: true,
  });
  return new TextDecoder().decode(files.find(([name]) => name.endsWith(".js"))?.[1]);
}

let plain: string;
let withStrings: string;
let withResources: string;
let withTransfers: string;

beforeAll(async () => {
  plain = await glueOf(await loadFixture("memory-writes"));
  withStrings = await glueOf(await loadFixture("c-reactor"));
  withResources = await glueOf(await loadFixture("resource-held"));
  withTransfers = await glueOf(await loadFixture("composition-resource"));
});

describe("jco's text becomes a script", () => {
  test("without imports and exports", () => {
    for (const source of [plain, withStrings, withResources]) {
      const patched = patchGlue(source);
      expect(patched).not.toMatch(/^export\b/m);
      expect(patched).not.toContain("import.meta");
      expect(patched).toContain("function instantiate(");
    }
  });

  test("that leaves nothing to chance, where tasks may wait", async () => {
    const source = await glueOf(await loadFixture("async"));
    expect(source).toContain("Math.random()");
    expect(patchGlue(source, true)).not.toContain("Math.random()");
  });

  test("with our handle tables, where it has any", () => {
    expect(withResources).toMatch(/HANDLE_TABLES\[/);
    expect(patchGlue(withResources)).toContain("const HANDLE_TABLES = __handles.tables;");
    expect(patchGlue(withResources)).not.toMatch(/HANDLE_TABLES\s*=\s*\[\]/);
  });

  test("that allocates for empty strings, where it passes any", () => {
    expect(withStrings).toContain("{ ptr: 1, len: 0 }");
    expect(patchGlue(withStrings)).toContain("const ptr = realloc(0, 0, 1, 0);");
    expect(patchGlue(withStrings)).not.toContain("{ ptr: 1, len: 0 }");
  });

  test("that does so where it may wait, too", async () => {
    const source = await glueOf(await loadFixture("c-wasi-0.3"));
    expect(source.match(/\{ ptr: 1, len: 0 \}/g)).toHaveLength(2);
    expect(patchGlue(source, true)).not.toContain("{ ptr: 1, len: 0 }");
  });
});

describe("text of another jco is refused", () => {
  test.each<[string, () => string, (source: string) => string]>([
    ["a new export", () => plain, (source) => `${source}\nexport const more = 1;\n`],
    [
      "instantiate exported in another way",
      () => plain,
      (s) => s.replace("export function instantiate(", "export const instantiate = ("),
    ],
    [
      "handle tables made differently",
      () => withResources,
      (s) => s.replace(/HANDLE_TABLES\s*=\s*\[\]/, "HANDLE_TABLES = new Map()"),
    ],
    [
      "strings decoded differently",
      () => withStrings,
      (s) => s.replace("TEXT_DECODER_UTF8 = new TextDecoder()", "TEXT_DECODER_UTF8 = newDecoder()"),
    ],
    [
      "handle tables made twice",
      () => withResources,
      (s) => s.replace(/^.*const HANDLE_TABLES\s*=\s*\[\];$/m, "$&\n$&"),
    ],
    [
      "handles made differently",
      () => withResources,
      (s) => s.replace("function rscTableCreateOwn(", "const rscTableCreateOwn = ("),
    ],
    [
      "handles passed on differently",
      () => withTransfers,
      (s) => s.replace("function resourceTransferOwn(", "const resourceTransferOwn = ("),
    ],
    [
      "one type's resources kept differently",
      () => withStrings,
      (s) => s.replace(/(captureTable1\s*= new )Map/, "$1WeakMap"),
    ],
    [
      "empty strings encoded differently",
      () => withStrings,
      (s) => s.replace("{ ptr: 1, len: 0 }", "{ ptr: 8, len: 0 }"),
    ],
    ["empty strings encoded nowhere", () => withStrings, (s) => s.replace(/^\s*if \(s\.length === 0\).*$/m, "")],
  ])("%s", (_, source, change) => {
    const changed = change(source());
    expect(changed).not.toBe(source());
    expect(() => patchGlue(changed)).toThrow(
      /this version of jco generates .* in a way that component-init does not know/,
    );
  });
});

/** Looks up what it is asked for among the variables that its libc read when it began. */
const ENVIRONMENT = `
#include <stdlib.h>
#include <string.h>
static char text[256];
static unsigned answer[2];
__attribute__((export_name("init"))) void init(void) {
  const char *names[] = {"BEFORE", "EMPTY", "AFTER", "MISSING"};
  for (int i = 0; i < 4; i++) {
    const char *value = getenv(names[i]);
    strcat(text, names[i]);
    strcat(text, value ? "=[" : " is not set");
    if (value) { strcat(text, value); strcat(text, "]"); }
    strcat(text, ";");
  }
}
__attribute__((export_name("seen"))) unsigned *seen(void) {
  answer[0] = (unsigned)text;
  answer[1] = strlen(text);
  return answer;
}`;

test("an environment variable with an empty value arrives as it is, and so do those next to it", async () => {
  const core = await compileC({ "environment.c": ENVIRONMENT });
  const world = "package local:app; world w { export init: func(); export seen: func() -> string; }";
  const env = { BEFORE: "one", EMPTY: "", AFTER: "two" };
  const { component } = await preinitialize(await componentize(core, world), { initFunc: "init", env });
  const { outcomes } = await jcoSession(component, { calls: [{ export: "seen" }] });
  expect(outcomes).toEqual([{ ok: "BEFORE=[one];EMPTY=[];AFTER=[two];MISSING is not set;" }]);
});

describe("what init returns is lifted as the canonical ABI says", () => {
  /** A component whose init returns what `body` gives, with `data` at address 100. */
  const returning = (type: string, body: string, data = "", encoding = "utf8") =>
    wat(`(component
      (core module $m (memory (export "memory") 1) (data (i32.const 100) "${data}")
        (func (export "init") (result i32)
          (i32.store (i32.const 8) (i32.const 100)) (i32.store (i32.const 12) (i32.const 2)) ${body}))
      (core instance $i (instantiate $m))
      (func (export "init") (result ${type})
        (canon lift (core func $i "init") (memory (core memory $i "memory")) string-encoding=${encoding})))`);

  test.each([
    ["a string that is no UTF-8", "string", "(i32.const 8)", "\\ff\\ff", "utf8"],
    ["half of a surrogate pair in UTF-16", "string", "(i32.const 8)", "\\00\\d8\\61\\00", "utf16"],
    ["a surrogate as a character", "char", "(i32.const 0xd800)", "", "utf8"],
  ])("%s traps", async (_, type, body, data, encoding) => {
    await refusal(await returning(type, body, data, encoding), { initFunc: "init" }, "init-trapped");
  });

  test.each([
    ["a boolean that is neither 0 nor 1", "bool", "(i32.const 2)", "", "utf8"],
    ["a string in UTF-8", "string", "(i32.const 8)", "\\c3\\a9", "utf8"],
    ["a string in UTF-16", "string", "(i32.const 8)", "\\61\\00\\62\\00", "utf16"],
  ])("%s does not", async (_, type, body, data, encoding) => {
    await expect(
      preinitialize(await returning(type, body, data, encoding), { initFunc: "init" }),
    ).resolves.toBeDefined();
  });
});

/** Opens a file whose name starts with a byte order mark, which is a character of a name like others. */
test("a string keeps its byte order mark on the way to the host", async () => {
  const directory = await mkdtemp(join(tmpdir(), "component-init-bom-"));
  try {
    await writeFile(join(directory, "\ufeffname"), "42");
    const core = await compileC({ "bom.c": BYTE_ORDER_MARK });
    const bytes = await componentize(
      core,
      "package local:app; world w { export init: func() -> u32; export seen: func() -> u32; }",
    );
    const preopens = [{ host: directory, guest: "/" }];
    const { component } = await preinitialize(bytes, { initFunc: "init", preopens });
    const { outcomes } = await jcoSession(component, { calls: [{ export: "seen" }] });
    expect(outcomes).toEqual([{ ok: 42 }]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

const BYTE_ORDER_MARK = `
#include <stdio.h>
static unsigned number;
__attribute__((export_name("init"))) unsigned init(void) {
  FILE *file = fopen("/\\xef\\xbb\\xbfname", "r");
  if (!file) return 1;
  fscanf(file, "%u", &number);
  fclose(file);
  return 0;
}
__attribute__((export_name("seen"))) unsigned seen(void) { return number; }`;
