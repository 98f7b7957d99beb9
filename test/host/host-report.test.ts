import { expect, test } from "vitest";
import { hostReport, hostWarnings, ungranted } from "../../src/host/host-report.js";
import { Refusals } from "../../src/host/refusals.js";
import { createWasi, type WasiHost, type WasiOptions } from "../../src/wasi/index.js";

const OPTIONS: WasiOptions = { args: [], env: {}, stdin: new Uint8Array(), preopens: [], onOutput: () => {} };

function hostOf(options: Partial<WasiOptions>) {
  const all = { ...OPTIONS, ...options };
  const wasi = createWasi(all);
  const imports = wasi.imports as Record<string, Record<string, (len: bigint) => unknown>>;
  const call = (iface: string, func: string) => imports[iface]?.[func]?.(4n);
  return { all, wasi, call, report: () => hostReport(all, wasi, new Refusals(() => {})) };
}

test("names the variables that were granted, and not their values", () => {
  const { report } = hostOf({ env: { B: "secret", A: "" }, clock: "real", random: "real" });
  expect(report()).toEqual({
    environment: { read: false, granted: ["B", "A"] },
    random: "real",
    randomBytes: 0,
    clock: "real",
    clockQueries: 0,
    refused: [],
    filesRead: [],
  });
});

test.each([
  [{}, 1, []],
  [{ random: "real" }, 0, []],
  [{ random: "real" }, 1, [expect.stringMatching(/drew 4 random bytes, which every instance of the output shares/)]],
] as const)("warns of secrets that are none: %j, drawn %d times", (options, times, warnings) => {
  const { call, report } = hostOf(options);
  for (let i = 0; i < times; i++) call("wasi:random/random", "getRandomBytes");
  expect(hostWarnings(report())).toEqual(warnings);
});

const none = new Refusals(() => {});
const linesOf = (options: WasiOptions, wasi: WasiHost, refusals = none) =>
  ungranted(options, wasi, refusals).flatMap(({ lines }) => lines);

test("tells of directories and variables that the guest wanted and that there are none of", () => {
  const { all, wasi, call } = hostOf({});
  expect(linesOf(all, wasi)).toEqual([]);
  call("wasi:filesystem/preopens", "getDirectories");
  expect(linesOf(all, wasi)).toEqual([expect.stringContaining("--dir")]);
  call("wasi:cli/environment", "getEnvironment");
  expect(linesOf(all, wasi)).toEqual([expect.stringContaining("--dir"), expect.stringContaining("--env")]);
});

test("tells where directories are when no file was read in them", () => {
  const { all, wasi, call } = hostOf({ env: { A: "1" }, preopens: [{ host: ".", guest: "/" }] });
  call("wasi:cli/environment", "getEnvironment");
  expect(linesOf(all, wasi)).toEqual([]);
  call("wasi:filesystem/preopens", "getDirectories");
  expect(linesOf(all, wasi)).toEqual([expect.stringMatching(/read no file in those that it got: \/ \(--dir/)]);
  const refusals = new Refusals(() => {});
  refusals.noteReadOnly("/");
  expect(linesOf(all, wasi, refusals)).toEqual([]);
});
