import { beforeAll, describe, expect, test } from "vitest";
import { instrument, invoke, preinitialize, prepare } from "../../src/index.js";
import { directoryOf, scriptedProgram, textLibrary } from "../support/dlopen.js";
import { jcoSession } from "../support/jco.js";
import { cLibrary, watLibrary } from "../support/libraries.js";

const OPENED = "int counter; int next(int n) { return n + counter++; }";
const LATER = "extern int next(int), host_double(int); int both(int n) { return host_double(next(n)); }";
const DATA = textLibrary(
  "(mem-info (memory 4 2))",
  '(data (global.get $memory_base) "\\07") (global (export "seven") i32 (i32.const 0))',
);
const READS = "extern int seven; int read(int n) { return seven + n; }";

let component: Uint8Array;
let directory: () => string;

beforeAll(async () => {
  component = await scriptedProgram();
  const built = await Promise.all([
    cLibrary("opened.so", OPENED),
    cLibrary("later.so", LATER),
    watLibrary("data.so", DATA),
    cLibrary("reads.so", READS),
  ]);
  const files = Object.fromEntries(built.map(({ name, bytes }) => [name, bytes]));
  directory = () => directoryOf(files);
});

const INIT = ["open /lib/opened.so 258", "call default next 0"];

async function initialized(
  keep: boolean,
  {
    gc = false,
    script = INIT,
    input = component,
  }: { gc?: boolean; script?: readonly string[]; input?: Uint8Array } = {},
): Promise<Uint8Array> {
  const preopens = [{ host: directory(), guest: "/lib" }];
  const initFunc = `run(${JSON.stringify(script.join("\n"))})`;
  const options = { initFunc, keepInitFunc: true, preopens, gc, verify: true, dlopen: { keep } };
  return (await preinitialize(input, options)).component;
}

/** What a host that has the import is told. */
async function answersOnHost(output: Uint8Array, script: readonly string[]): Promise<string[]> {
  const prepared = await prepare(instrument(output));
  const preopens = [{ host: directory(), guest: "/lib" }];
  const { results } = await invoke(prepared, [`run(${JSON.stringify(script.join("\n"))})`], { preopens });
  return (results[0] as string).split("\n").slice(0, -1);
}

describe("an output that keeps the import", () => {
  test("opens other libraries on a host that lets it, next to those that initialization has opened", async () => {
    const prepared = await prepare(instrument(await initialized(true)));
    const script = [
      "call 0 next 10",
      "open /lib/later.so 2",
      "call 1 both 10",
      "call 0 next 10",
      "call default both 1",
      "open /lib/opened.so 2",
      "open /lib/none.so 2",
      "close 1",
      "close 1",
      "call 1 both 1",
    ].join("\n");
    const preopens = [{ host: directory(), guest: "/lib" }];
    const { results, dlFailures } = await invoke(prepared, [`run(${JSON.stringify(script)})`], { preopens });
    expect((results[0] as string).split("\n")).toEqual([
      "11",
      "1",
      "24",
      "13",
      "Symbol not found: both",
      "0",
      "Error loading shared library /lib/none.so: No such file or directory",
      "0",
      "Invalid library handle",
      "Invalid library handle",
      "",
    ]);
    expect(dlFailures.map(({ call }) => call)).toEqual(["symbol", "open", "close", "symbol"]);
  });

  test.each([false, true])("has all symbols that libraries may want of it, with gc %s", async (gc) => {
    const output = await initialized(true, { gc, script: ["open /lib/data.so 258", ...INIT] });
    const script = ["open /lib/later.so 2", "call 2 both 10", "open /lib/reads.so 2", "call 3 read 1"];
    expect(await answersOnHost(output, script)).toEqual(["2", "22", "3", "8"]);
  });

  test("can be pre-initialized again and again", async () => {
    const second = await initialized(true, {
      input: await initialized(true),
      script: ["open /lib/data.so 2", "open /lib/opened.so 2"],
    });
    const script = [
      "open /lib/later.so 258",
      "call 2 both 10",
      "call program both 10",
      "data 1 seven",
      "call 0 next 10",
      "open /lib/../lib/data.so 2",
      "close 2",
      "call 2 both 1",
    ];
    const answers = ["2", "22", "24", "7", "13", "1", "0", "Invalid library handle"];
    expect(await answersOnHost(second, script)).toEqual(answers);
    const third = await initialized(false, { input: second, script: script.slice(0, 5) });
    const { outcomes } = await jcoSession(third, {
      calls: [{ export: "run", args: ["call 2 both 10\ndata 1 seven"] }],
    });
    expect(outcomes).toEqual([{ ok: "28\n7\n" }]);
  });

  test("imports what it imported", async () => {
    const interfaces = async (keep: boolean) => instrument(await initialized(keep)).imports.map(({ name }) => name);
    expect(await interfaces(true)).toContain("component-init:dlopen/dl@0.1.0");
    expect(await interfaces(false)).not.toContain("component-init:dlopen/dl@0.1.0");
  });
});

test("without it the output opens nothing else", async () => {
  const calls = [{ export: "run", args: ["open /lib/later.so 2\ncall 0 next 10"] }];
  const { outcomes } = await jcoSession(await initialized(false), { calls });
  const error = "Error loading shared library: not open when the component was pre-initialized: /lib/later.so";
  expect(outcomes).toEqual([{ ok: `${error}\n11\n` }]);
});
