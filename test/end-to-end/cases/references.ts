import { type DifferentialCase, TRAP } from "../../support/differential.js";
import { call, INIT, ok, steps, u32, word } from "./building.js";

const functions: DifferentialCase[] = [
  {
    ...INIT,
    title: "globals set to an own function, to imported functions of two instances of a module, and to null",
    fixture: "ref-global-set",
    ...steps(
      [call("own"), ok(2)],
      [call("from-x"), ok(301)],
      [call("from-y"), ok(302)],
      [call("from-y"), ok(303)],
      [call("from-x"), ok(302)],
      [call("cleared"), ok(9)],
      [call("same"), ok(2)],
    ),
  },
  {
    ...INIT,
    title: "a global set to a function of a later instance",
    fixture: "ref-global-later",
    ...steps([call("call", 1), ok(51)], [call("call", 2), ok(53)]),
  },
  {
    ...INIT,
    title: "typed references that are never null, and one that became null",
    fixture: "ref-global-non-null",
    ...steps([call("f", 9), ok(81)], [call("g", 9), ok(18)], [call("n", 9), TRAP]),
  },
  {
    ...INIT,
    title: "a global that another instance imports and sets",
    fixture: "ref-global-imported",
    ...steps([call("owner", 7), ok(70)], [call("user", 8), ok(80)], [call("other", 9), ok(10)]),
  },
  {
    ...INIT,
    title: "a global set to a lowered function of a nested component",
    fixture: "ref-global-lowered",
    ...steps([call("call"), ok(2)], [call("call"), ok(3)]),
  },
  {
    ...INIT,
    title: "a function that is only in a global, its table entry being another one",
    fixture: "ref-global-from-table",
    ...steps([call("call", 0), ok(2)], [call("restore"), ok(null)], [call("call", 0), ok(1)], [call("call", 1), ok(2)]),
  },
  {
    ...INIT,
    title: "immutable globals of functions, which a table takes its entries from",
    fixture: "ref-global-immutable",
    ...steps([call("call", 0), ok(8)], [call("call", 1), ok(8)], [call("call", 2), ok(7)]),
  },
];

const others: DifferentialCase[] = [
  {
    ...INIT,
    title: "globals of externref, anyref, eqref, i31ref and a struct that are null",
    fixture: "ref-global-null",
    ...steps(
      [call("nulls"), ok(5)],
      [call("number"), ok(6)],
      [call("put", 21), ok(null)],
      [call("sum"), ok(42)],
      [call("nulls"), ok(3)],
    ),
  },
  {
    ...INIT,
    title: "structs and arrays that init uses and does not keep",
    fixture: "gc-temporary",
    ...steps([call("sum"), ok(8194)], [call("peek"), ok(u32("ot\0\0"))], [call("first"), ok(0x63)]),
  },
  {
    ...INIT,
    title: "immutable globals of a struct, an array and an i31",
    fixture: "gc-immutable-global",
    ...steps([call("sum"), ok(76544)]),
  },
  {
    ...INIT,
    title: "a global of exceptions that is null",
    fixture: "exnref-global",
    ...steps(
      [call("is-null"), ok(true)],
      [call("number"), ok(12)],
      [call("catch", 5), ok(null)],
      [call("is-null"), ok(false)],
      [call("rethrow"), ok(5)],
    ),
  },
];

const drops: DifferentialCase[] = [
  {
    ...INIT,
    title: "a data segment dropped in a loop, and one in a branch not taken",
    fixture: "data-drop-branch",
    ...steps(
      [call("peek", 3), ok(0x70)],
      [call("init-spared"), ok(null)],
      [call("peek", 21), ok(0x64)],
      [call("init-looped"), TRAP],
    ),
  },
  {
    ...INIT,
    title: "a data segment dropped in a branch taken",
    fixture: "data-drop-branch",
    ...steps([call("init-taken"), TRAP]),
  },
  {
    ...INIT,
    title: "an element segment dropped in a loop, and one in a branch not taken",
    fixture: "elem-drop-branch",
    ...steps(
      [call("call", 0), ok(1)],
      [call("init-spared"), ok(null)],
      [call("call", 1), ok(3)],
      [call("init-looped"), TRAP],
    ),
  },
  {
    ...INIT,
    title: "an element segment dropped in a branch taken",
    fixture: "elem-drop-branch",
    ...steps([call("init-taken"), TRAP]),
  },
  {
    ...INIT,
    title: "data dropped in a library instance",
    fixture: "drop-in-library",
    ...steps(
      [call("word", 32), word("greeting")],
      [call("kept"), ok(null)],
      [call("word", 40), word("kept\0\0\0\0")],
      [call("call", 1), ok(6)],
      [call("data-again"), TRAP],
    ),
  },
  {
    ...INIT,
    title: "elements dropped in a library instance",
    fixture: "drop-in-library",
    ...steps([call("elem-again"), TRAP]),
  },
  {
    ...INIT,
    title: "a module instantiated twice of which one instance dropped its data",
    fixture: "drop-in-one-of-two",
    ...steps(
      [call("a-load"), ok(null)],
      [call("a-fill"), ok(null)],
      [call("a-call"), ok(u32("text"))],
      [call("b-load"), TRAP],
    ),
  },
  {
    ...INIT,
    title: "a module instantiated twice of which one instance dropped its elements",
    fixture: "drop-in-one-of-two",
    ...steps([call("b-fill"), TRAP]),
  },
];

const declared: DifferentialCase[] = [
  {
    ...INIT,
    title: "references to functions that only changed initial values declared",
    fixture: "ref-func-global",
    ...steps([call("f"), ok(5)], [call("g"), ok(6)], [call("h"), ok(7)], [call("other"), ok(8)]),
  },
  {
    ...INIT,
    title: "references to functions that only removed exports declared",
    fixture: "ref-func-init",
    ...steps([call("again"), ok(22)]),
  },
];

export const REFERENCE_CASES: readonly DifferentialCase[] = [...functions, ...others, ...drops, ...declared];
