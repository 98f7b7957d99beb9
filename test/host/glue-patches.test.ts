import { generate, $init as initBindgen } from "@bytecodealliance/jco-transpile/component";
import { beforeAll, describe, expect, test } from "vitest";
import { patchGlue } from "../../src/host/glue-patches.js";
import { preinitialize } from "../../src/index.js";
import { compileC, componentize } from "../support/clang.js";
import { loadFixture } from "../support/fixtures.js";
import { jcoSession } from "../support/jco.js";

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

beforeAll(async () => {
  plain = await glueOf(await loadFixture("memory-writes"));
  withStrings = await glueOf(await loadFixture("c-reactor"));
  withResources = await glueOf(await loadFixture("resource-held"));
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

  test("with our handle tables, where it has any", () => {
    expect(withResources).toMatch(/HANDLE_TABLES\[/);
    expect(patchGlue(withResources)).toContain("const HANDLE_TABLES = __tables;");
    expect(patchGlue(withResources)).not.toMatch(/HANDLE_TABLES\s*=\s*\[\]/);
  });

  test("that allocates for empty strings, where it passes any", () => {
    expect(withStrings).toContain("{ ptr: 1, len: 0 }");
    expect(patchGlue(withStrings)).toContain("if (s.length === 0) { return { ptr: realloc(0, 0, 1, 0), len: 0");
    expect(patchGlue(withStrings)).not.toContain("{ ptr: 1, len: 0 }");
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
      "handle tables made twice",
      () => withResources,
      (s) => s.replace(/^.*const HANDLE_TABLES\s*=\s*\[\];$/m, "$&\n$&"),
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
