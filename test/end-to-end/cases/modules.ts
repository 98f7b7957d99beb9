import type { DifferentialCase } from "../../support/differential.js";
import { call, INIT, ok, steps } from "./building.js";

const imports: DifferentialCase[] = [
  {
    ...INIT,
    title: "an imported core module instantiated once",
    fixture: "module-import",
    equivalent: "module-import-equivalent",
    supply: { modules: { lib: "lib.wat" } },
    ...steps(
      [call("get"), ok(105)],
      [call("peek", 0), ok(Buffer.from("libr").readUInt32LE())],
      [call("peek", 64), ok(77)],
      [call("own"), ok(9)],
    ),
  },
  {
    ...INIT,
    title: "an imported core module instantiated twice on two memories",
    fixture: "module-import-twice",
    equivalent: "module-import-twice-equivalent",
    supply: { modules: { lib: "lib.wat" } },
    ...steps(
      [call("a"), ok(1003)],
      [call("b"), ok(2080)],
      [call("put-a", 5), ok(null)],
      [call("a"), ok(2008)],
      [call("b"), ok(2080)],
    ),
  },
  {
    ...INIT,
    title: "an imported component instantiated twice, the second time with the first as argument",
    fixture: "component-import",
    equivalent: "component-import-equivalent",
    supply: { components: { lib: "lib.wat" } },
    ...steps(
      [call("a"), ok(3)],
      [call("b"), ok(340)],
      [call("put-a", 7), ok(null)],
      [call("a"), ok(7)],
      [call("b"), ok(740)],
    ),
  },
];

const exports: DifferentialCase[] = [
  {
    ...INIT,
    title: "an exported core module that is instantiated inside too",
    fixture: "module-export",
    equivalent: "module-export-equivalent",
    withoutOpaqueExports: true,
    ...steps([call("get"), ok(320)]),
  },
  {
    ...INIT,
    title: "an exported component that is instantiated inside too",
    fixture: "component-export",
    equivalent: "component-export-equivalent",
    withoutOpaqueExports: true,
    ...steps([call("get"), ok(20)]),
  },
];

const starts: DifferentialCase[] = [
  {
    title: "a component start function alone",
    fixture: "component-start",
    equivalent: "component-start-equivalent",
    options: { initFunc: "none" },
    ...steps([call("peek", 0), ok(1)], [call("peek", 4), ok(0)], [call("peek", 8), ok(601)]),
  },
  {
    ...INIT,
    title: "a component start function and an init function",
    fixture: "component-start",
    equivalent: "component-start-equivalent",
    ...steps([call("peek", 0), ok(1)], [call("peek", 4), ok(50)], [call("peek", 8), ok(601)]),
  },
  {
    ...INIT,
    title: "a component start function in each of two instances of a nested component",
    fixture: "component-start-nested",
    equivalent: "component-start-nested-equivalent",
    ...steps([call("a"), ok(3)], [call("b"), ok(40)]),
  },
];

const untouched: DifferentialCase[] = [
  {
    ...INIT,
    title: "exported components that instantiate core modules from elsewhere",
    fixture: "exported-component-module",
    withoutOpaqueExports: true,
    equivalent: "exported-component-module-equivalent",
    ...steps([call("get"), ok(5)]),
  },
];

export const MODULE_CASES: readonly DifferentialCase[] = [...imports, ...exports, ...starts, ...untouched];
