import { expect, test } from "vitest";
import { instrument, preinitialize } from "../../src/index.js";
import { directoryOf, scriptedProgram } from "../support/dlopen.js";
import { cLibrary } from "../support/libraries.js";

const LARGE = "int numbers[50000] = {1, 2, 3}; int sum(int n) { return numbers[n] + numbers[1]; }";

async function after(script: readonly string[]) {
  const [large, broken] = await Promise.all([
    cLibrary("large.so", LARGE),
    cLibrary("broken.so", `extern int absent(int); ${LARGE} int use(int n) { return absent(n); }`),
  ]);
  const preopens = [{ host: directoryOf({ "large.so": large.bytes, "broken.so": broken.bytes }), guest: "/lib" }];
  const options = { initFunc: `run(${JSON.stringify(script.join("\n"))})`, keepInitFunc: true, preopens };
  const { component, report } = await preinitialize(await scriptedProgram(), { ...options, verify: true });
  return {
    size: component.length,
    modules: instrument(component).modules.length,
    pages: report.memories.find(({ instance }) => instance === "main")?.pagesAfter,
    entries: report.tables.map(({ size }) => size),
    open: report.dlopen?.open,
  };
}

const repeated = (times: number, lines: (i: number) => readonly string[]) =>
  Array.from({ length: times }, (_, i) => lines(i)).flat();

test("libraries that are opened and closed, however often, leave nothing but the room that one takes", async () => {
  const none = await after(["open /lib/none.so 2"]);
  const once = await after(["open /lib/large.so 2", "call 0 sum 1", "close 0"]);
  const often = await after(repeated(20, (i) => ["open /lib/large.so 2", `close ${i}`]));
  expect(once).toMatchObject({ modules: none.modules, open: [] });
  // 200,000 bytes of data were there.
  expect(once.size).toBeLessThan(none.size + 1000);
  expect({ ...often, size: 0 }).toEqual({ ...once, size: 0 });
});

test("libraries that cannot be opened, however often, leave nothing but the room that one takes", async () => {
  const none = await after(["open /lib/none.so 2"]);
  const once = await after(["open /lib/broken.so 2"]);
  const often = await after(repeated(20, () => ["open /lib/broken.so 2"]));
  expect(once).toMatchObject({ modules: none.modules, open: [] });
  expect(once.size).toBeLessThan(none.size + 1000);
  expect({ ...often, size: 0 }).toEqual({ ...once, size: 0 });
});
