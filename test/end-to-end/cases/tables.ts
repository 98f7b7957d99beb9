import { type DifferentialCase, TRAP } from "../../support/differential.js";
import { call, each, INIT, ok, steps } from "./building.js";

const entries: DifferentialCase[] = [
  {
    ...INIT,
    title: "entries set to functions of the same instance",
    fixture: "table-set-own",
    ...steps(...each("call", [3, 200, 3, 1, TRAP])),
  },
  {
    ...INIT,
    title: "entries set to imported functions of two other instances",
    fixture: "table-set-imported",
    ...steps(
      [call("call", 1, 0), ok(7001)],
      [call("call", 2, 0), ok(10)],
      [call("call", 2, 5), ok(15)],
      [call("call", 1, 1), ok(7000)],
      [call("call", 0, 0), TRAP],
    ),
  },
  {
    ...INIT,
    title: "entries set to lowered functions of a nested component",
    fixture: "table-set-lowered",
    ...steps(
      [call("call", 2), ok(7)],
      [call("call", 2), ok(8)],
      [call("name", 0), ok(0x6f6c + 8)],
      [call("call", 1), TRAP],
    ),
  },
  {
    ...INIT,
    title: "entries set to canonical built-ins of a resource",
    fixture: "table-set-builtin",
    ...steps([call("dropped"), ok(11)], [call("round", 31), ok(31)], [call("dropped"), ok(42)]),
  },
  {
    ...INIT,
    title: "an empty entry between canonical built-ins",
    fixture: "table-set-builtin",
    ...steps([call("round", 8), ok(8)], [call("use", 2), TRAP]),
  },
  {
    ...INIT,
    title: "an entry set to an import that no one provides",
    fixture: "table-set-missing-import",
    ...steps(
      [call("call", 0), ok(1)],
      [call("is-empty", 1), ok(false)],
      [call("is-empty", 2), ok(true)],
      [call("call", 1), TRAP],
    ),
  },
  {
    ...INIT,
    title: "entries set to functions of instances that came later than the table's owner",
    fixture: "table-set-later",
    ...steps(...each("call", [1, 21, 1, 99]), [call("call", 1), ok(22)]),
  },
  {
    ...INIT,
    title: "an entry set to null that a segment had filled",
    fixture: "table-cleared",
    ...steps(
      [call("call", 0), ok(1)],
      [call("call", 2), ok(3)],
      [call("is-empty", 1), ok(true)],
      [call("is-empty", 3), ok(true)],
      [call("call", 1), TRAP],
    ),
  },
  {
    ...INIT,
    title: "functions of two types in one table",
    fixture: "table-wrong-type",
    ...steps([call("map", 0, 4), ok(5)], [call("get", 2), ok(7)], [call("get", 0), TRAP]),
  },
];

const stretches: DifferentialCase[] = [
  {
    ...INIT,
    title: "a table grown with null and with a function, which grows on to its maximum and no further",
    fixture: "table-grow",
    ...steps(
      [call("size"), ok(5)],
      [call("call", 0), ok(1)],
      [call("call", 3), ok(2)],
      [call("call", 4), ok(2)],
      [call("grow", 3), ok(5)],
      [call("grow", 1), ok(-1)],
      [call("call", 7), ok(3)],
      [call("size"), ok(8)],
      [call("call", 2), TRAP],
    ),
  },
  {
    ...INIT,
    title: "a grown table ends where it ended",
    fixture: "table-grow",
    ...steps([call("call", 4), ok(2)], [call("call", 5), TRAP]),
  },
  {
    ...INIT,
    title: "stretches of a table filled with a function and with null",
    fixture: "table-fill",
    ...steps(...each("call", [1, 9, 9, 1, 2, 2, 2, 2, 2, 9])),
  },
  {
    ...INIT,
    title: "entries copied within a table with overlap and from one table to another",
    fixture: "table-copy",
    ...steps(...each("call-t", [1, 3, 4, 9, 4, 9, 9, 9, 9, 9]), ...each("call-u", [4, 1, 3, 4])),
  },
  {
    ...INIT,
    title: "entries initialized from passive segments, one of which is dropped",
    fixture: "table-init",
    ...steps(
      ...each("call", [1, 3, 4, 9, 4, 9, 9, 9]),
      [call("init-kept"), ok(null)],
      [call("call", 5), ok(4)],
      [call("call", 6), ok(9)],
      [call("call", 7), ok(3)],
      [call("init-dropped"), TRAP],
    ),
  },
];

/** What the fixture's `sum` gives for a table of which an entry is 1, 2, or 9 for null. */
function sumOf(entry: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < 70_000; i++) sum = (Math.imul(sum, 31) + entry(i)) >>> 0;
  return sum;
}

const nth = (i: number) => (i % 7 === 0 ? 1 : 2);
const sparse = sumOf((i) => (i % 3 === 0 ? nth(i) : 9));

const many: DifferentialCase[] = [
  {
    ...INIT,
    title: "more entries, and more gaps between them, than segments are good for",
    fixture: "table-sparse",
    ...steps(
      [call("sum", 0), ok(sparse)],
      [call("sum", 1), ok(sumOf((i) => (i >= 100 && i < 12_345 ? nth(i) : 9)))],
      [call("sum", 2), ok(sparse)],
      [call("sum", 3), ok(sparse)],
      [call("call", 69_999), ok(2)],
      [call("call", 63), ok(1)],
      [call("call", 64), TRAP],
    ),
  },
];

const types: DifferentialCase[] = [
  {
    ...INIT,
    title: "many tables in one module, every other one changed",
    fixture: "tables-many",
    ...steps(
      ...each("a", [1, 2]),
      ...each("b", [6, 3]),
      [call("d", 1), ok(3)],
      [call("d", 2), ok(5)],
      ...each("e", [4, 5]),
      [call("f", 2), ok(1)],
      [call("f", 4), ok(1)],
      [call("sizes"), ok(223325)],
      [call("f", 1), TRAP],
    ),
  },
  {
    ...INIT,
    title: "a table with 64-bit indices, changed and grown",
    fixture: "table64",
    ...steps(
      [call("call", 1n), ok(1)],
      [call("call", 2n), ok(3)],
      [call("call", 5n), ok(2)],
      [call("grow", 2n), ok("6n")],
      [call("grow", 1n), ok("-1n")],
      [call("call", 3n), TRAP],
    ),
  },
  {
    ...INIT,
    title: "a table with 64-bit indices, left alone",
    fixture: "table64-untouched",
    ...steps(
      [call("call", 1n), ok(1)],
      [call("call", 2n), ok(88)],
      [call("fill"), ok(null)],
      [call("call", 3n), ok(3)],
      [call("call", 0n), TRAP],
    ),
  },
  {
    ...INIT,
    title: "a table of nullable typed function references",
    fixture: "table-typed",
    ...steps(
      [call("call", 0, 9), ok(81)],
      [call("call", 3, 9), ok(-9)],
      [call("call", 4, 9), ok(18)],
      [call("size"), ok(5)],
      [call("call", 1, 9), TRAP],
    ),
  },
  {
    ...INIT,
    title: "a table of typed function references that are never null, with an initializer",
    fixture: "table-non-null",
    ...steps(
      [call("call", 0, 7), ok(14)],
      [call("call", 1, 7), ok(49)],
      [call("call", 2, 7), ok(-7)],
      [call("call", 3, 7), ok(14)],
      [call("call", 4, 7), ok(-7)],
      [call("grow", 1), ok(5)],
      [call("call", 5, 7), ok(49)],
      [call("grow", 1), ok(-1)],
    ),
  },
  {
    ...INIT,
    title: "a table of nullable references with an initializer, one entry cleared",
    fixture: "table-initializer",
    ...steps([call("call", 0), ok(1)], [call("call", 2), ok(2)], [call("call", 1), TRAP]),
  },
  {
    ...INIT,
    title: "tables of externref and anyref, grown with null",
    fixture: "table-null-references",
    ...steps(
      [call("sizes"), ok(24)],
      [call("is-empty", 2), ok(true)],
      [call("grow"), ok(2)],
      [call("grow"), ok(-1)],
      [call("put", 3, 1234), ok(null)],
      [call("get", 3), ok(1234)],
      [call("sizes"), ok(44)],
    ),
  },
];

const shared: DifferentialCase[] = [
  {
    ...INIT,
    title: "a table that another instance imports, changes and makes longer",
    fixture: "table-shared",
    ...steps(
      ...each("call-owner", [40, 2, 2, 40]),
      ...each("call-user", [40, 2, 2, 40]),
      [call("grow"), ok(4)],
      [call("grow"), ok(-1)],
      [call("call-owner", 4), TRAP],
    ),
  },
  {
    ...INIT,
    title: "a table filled by a start function before another instance's active segment",
    fixture: "table-start-then-segment",
    ...steps(...each("call", [2, 1, 2, 2])),
  },
  {
    ...INIT,
    title: "a table grown by a start module before another instance's active segment beyond the minimum",
    fixture: "table-grown-then-segment",
    ...steps(
      [call("size"), ok(6)],
      [call("call", 1), ok(1)],
      [call("call", 3), ok(5)],
      [call("call", 4), ok(4)],
      [call("call", 5), ok(5)],
      [call("call", 2), TRAP],
    ),
  },
  {
    ...INIT,
    title: "active segments of several instances on one table, of which init changes one entry",
    fixture: "table-segments-of-several",
    ...steps(...each("call", [1, 2, 1, 9, 2, 3, 3, 9])),
  },
  {
    ...INIT,
    title: "a table that init left alone next to a changed one",
    fixture: "table-untouched-next",
    ...steps(
      ...each("still", [1, 2]),
      ...each("changed", [2, 2]),
      [call("fill"), ok(null)],
      ...each("still", [1, 2, 1]),
      [call("changed", 2), TRAP],
    ),
  },
  {
    ...INIT,
    title: "a shim's table of lowered functions, two of them swapped",
    fixture: "table-indirect-shim",
    ...steps([call("zero"), ok(20)], [call("one"), ok(10)], [call("seen"), ok(10)]),
  },
];

const overlapping: DifferentialCase[] = [
  {
    ...INIT,
    title: "more runs of another instance's functions than are written apart, and own ones in between",
    fixture: "table-many-runs",
    ...steps(...each("call", [1, 2, 1, 2]), [call("call", 20_000), ok(1)], [call("call", 20_003), ok(2)]),
  },
  {
    ...INIT,
    title: "overlapping segments of lowered functions on a table that is imported twice",
    fixture: "table-overlapping-segments",
    ...steps(...each("call", [1, 3, 1, TRAP]).slice(0, 3), [call("call", 4), ok(3)]),
  },
];

export const TABLE_CASES: readonly DifferentialCase[] = [
  ...entries,
  ...stretches,
  ...many,
  ...types,
  ...shared,
  ...overlapping,
];
