import { beforeAll, describe, expect, test } from "vitest";
import { instrument, invoke, preinitialize, prepare } from "../../src/index.js";
import { directoryOf, scriptedProgram } from "../support/dlopen.js";
import { jcoSession } from "../support/jco.js";
import { cLibrary } from "../support/libraries.js";

const OPENED = "int counter; int next(int n) { return n + counter++; }";
const LATER = "extern int next(int), host_double(int); int both(int n) { return host_double(next(n)); }";

let component: Uint8Array;
let directory: () => string;

beforeAll(async () => {
  component = await scriptedProgram();
  const [opened, later] = await Promise.all([cLibrary("opened.so", OPENED), cLibrary("later.so", LATER)]);
  directory = () => directoryOf({ "opened.so": opened.bytes, "later.so": later.bytes });
});

async function initialized(keep: boolean): Promise<Uint8Array> {
  const preopens = [{ host: directory(), guest: "/lib" }];
  const initFunc = 'run("open /lib/opened.so 258\\ncall 0 next 0")';
  const options = { initFunc, keepInitFunc: true, preopens, verify: true, dlopen: { keep } };
  return (await preinitialize(component, options)).component;
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
