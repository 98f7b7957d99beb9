import { type DifferentialCase, TRAP } from "../../support/differential.js";
import { call, INIT, ok, steps, word } from "./building.js";

export const DEAD_WEIGHT_CASES: readonly DifferentialCase[] = [
  {
    ...INIT,
    title: "a start module that is of no use after init",
    fixture: "dead-start-module",
    ...steps([call("word", 0), word("loaded.!")], [call("word", 16), word("loaded..")], [call("ready"), ok(1)]),
  },
  {
    ...INIT,
    title: "a nested component that only init uses",
    fixture: "dead-component",
    ...steps([call("kept"), ok("l".charCodeAt(0))], [call("keep", 1), ok(null)], [call("kept"), ok(109)]),
  },
  {
    ...INIT,
    title: "an import that only init calls",
    fixture: "dead-import",
    ...steps([call("low"), ok(1)], [call("asked"), ok(1)], [call("passes"), ok(true)]),
  },
  {
    ...INIT,
    title: "a lowered function that only init calls, next to one of the same instance that stays in use",
    fixture: "dead-lowered-function",
    ...steps([call("ask"), ok(486)], [call("ask"), ok(488)]),
  },
  {
    ...INIT,
    title: "instances that only a table entry keeps in use",
    fixture: "dead-lookalike",
    ...steps([call("call", 0), ok(12)], [call("call", 2), ok(200)], [call("call", 0), ok(13)], [call("call", 1), TRAP]),
  },
];
