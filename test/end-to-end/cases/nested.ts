import { type DifferentialCase, TRAP } from "../../support/differential.js";
import { call, INIT, ok, steps, word } from "./building.js";

const components: DifferentialCase[] = [
  {
    ...INIT,
    title: "a nested component with core modules of its own",
    fixture: "nested-modules",
    ...steps([call("word"), word("uNchange")], [call("call", 0), ok(1)], [call("call", 1), ok(500)]),
  },
  {
    ...INIT,
    title: "components nested three deep",
    fixture: "nested-deep",
    ...steps([call("get"), ok(123)]),
  },
  {
    ...INIT,
    title: "a nested component instantiated twice with different arguments and state",
    fixture: "nested-arguments-twice",
    ...steps(
      [call("a-peek", 0), ok(24)],
      [call("a-peek", 16), ok(3)],
      [call("a-peek", 20), ok(7)],
      [call("b-peek", 0), ok(20)],
      [call("b-peek", 16), ok(50)],
      [call("a-take", 1), ok(null)],
      [call("b-take", 2), ok(null)],
      [call("a-peek", 24), ok(8)],
      [call("b-peek", 20), ok(52)],
    ),
  },
  {
    ...INIT,
    title: "functions of two instances of a nested component in the root's table",
    fixture: "nested-callback",
    ...steps([call("call", 0, 1), ok(201)], [call("call", 1, 1), ok(2)], [call("call", 0, 1), ok(202)]),
  },
  {
    ...INIT,
    title: "an import of the root as the argument of a nested component",
    fixture: "nested-root-import",
    ...steps([call("get"), ok(33)], [call("ask"), TRAP]),
  },
];

const outer: DifferentialCase[] = [
  {
    ...INIT,
    title: "a core module as outer alias from depth one and two",
    fixture: "nested-outer-module",
    ...steps([call("root"), ok(7)], [call("one"), ok(20)], [call("two"), ok(200)]),
  },
  {
    ...INIT,
    title: "a component as outer alias from depth one and two",
    fixture: "nested-outer-component",
    ...steps([call("root"), ok(7)], [call("one"), ok(10)], [call("two"), ok(100)]),
  },
  {
    ...INIT,
    title: "a type as outer alias from depth one and two",
    fixture: "nested-outer-type",
    ...steps([call("get"), ok([40, 30])]),
  },
];

const args: DifferentialCase[] = [
  {
    ...INIT,
    title: "instances made of inline exports as arguments",
    fixture: "nested-inline-instance",
    ...steps(
      [call("x"), ok(1)],
      [call("y"), ok(100)],
      [call("runs"), ok(1)],
      [call("again-runs"), ok(0)],
      [call("again"), ok(null)],
      [call("x"), ok(101)],
      [call("y"), ok(101)],
      [call("again-runs"), ok(1)],
    ),
  },
  {
    ...INIT,
    title: "core modules as arguments",
    fixture: "nested-argument-module",
    ...steps([call("a"), ok(5)], [call("b"), ok(18)]),
  },
  {
    ...INIT,
    title: "a component as argument",
    fixture: "nested-argument-component",
    ...steps([call("x"), ok(15)], [call("y"), ok(16)]),
  },
  {
    ...INIT,
    title: "types and a function that uses them as arguments",
    fixture: "nested-argument-type",
    ...steps(
      [call("made"), ok(2)],
      [call("dropped"), ok(49)],
      [call("use", 1), ok(null)],
      [call("made"), ok(3)],
      [call("dropped"), ok(56)],
    ),
  },
];

const REGISTRY = "local:names/registry@1.0.0";

const compositions: DifferentialCase[] = [
  {
    ...INIT,
    title: "a provider and a consumer that pass strings",
    fixture: "composition",
    ...steps(
      [call("kept"), ok("grüße")],
      [call("id"), ok(1)],
      [call([REGISTRY, "count"]), ok(2)],
      [call("describe", 0), ok("second")],
      [call("register", "third 🌍"), ok(2)],
      [call("describe", 2), ok("third 🌍")],
      [call([REGISTRY, "register"], "fourth"), ok(3)],
      [call([REGISTRY, "name"], 1), ok("grüße")],
      [call("describe", 3), ok("fourth")],
      [call("kept"), ok("grüße")],
    ),
  },
  {
    ...INIT,
    title: "a resource of the provider that the consumer makes, uses and drops",
    fixture: "composition-resource",
    ...steps(
      [call("sum"), ok(1003)],
      [call("made"), ok(2)],
      [call("dropped"), ok(12)],
      [call("use", 20), ok(null)],
      [call("sum"), ok(2006)],
      [call("made"), ok(4)],
      [call("dropped"), ok(40)],
    ),
  },
  {
    title: "an init in an interface of a nested component that the root exports as it is",
    fixture: "nested-interface",
    options: { initFunc: "local:app/lifecycle@1.0.0#start" },
    init: call(["local:app/lifecycle@1.0.0", "start"]),
    ...steps([call("get"), ok(12)], [call(["local:app/lifecycle@1.0.0", "get"]), ok(12)]),
  },
  {
    title: "an init from a nested component's interface under another name",
    fixture: "nested-renamed",
    options: { initFunc: "setup(91)" },
    init: call("setup", 91),
    ...steps([call(["local:app/values", "get-value"]), ok(91)]),
  },
  {
    ...INIT,
    title: "a component that a nested component exports",
    fixture: "nested-exported-component",
    ...steps([call("outer"), ok(61)], [call("cell"), ok(62)]),
  },
  {
    ...INIT,
    title: "a core module that a nested component exports",
    fixture: "nested-exported-module",
    ...steps([call("outer"), ok(71)], [call("root"), ok(81)]),
  },
];

const entered: DifferentialCase[] = [
  {
    ...INIT,
    title: "a function of the root that a nested component calls while the root waits for it",
    fixture: "nested-calls-back",
    jcoFails: /trap/,
    ...steps([call("get"), ok(4)]),
  },
  {
    ...INIT,
    title: "a start function that calls another component",
    fixture: "nested-start-calls",
    jcoFails: /uncaught exception/,
    ...steps([call("get"), ok(3)]),
  },
];

const behind: DifferentialCase[] = [
  {
    ...INIT,
    title: "a component passed on that refers to a type behind the one that gets it",
    fixture: "nested-argument-later-type",
    ...steps([call("count"), ok(7)], [call("count"), ok(8)]),
  },
];

export const NESTED_CASES: readonly DifferentialCase[] = [
  ...components,
  ...outer,
  ...args,
  ...compositions,
  ...entered,
  ...behind,
];
