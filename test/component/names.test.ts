import { expect, test } from "vitest";
import { encodeComponent } from "../../src/component/encode.js";
import { componentNames, definitionsOf, definitionsOfKind, removeDefinitions } from "../../src/component/graph.js";
import type { ComponentSection, Definition } from "../../src/component/model.js";
import { nameOf } from "../../src/component/names.js";
import { print } from "../support/wat.js";
import { decodeText } from "./support.js";

const TEXT = `(component $app
  (core module $main (memory 1)) (core module) (core instance $run (instantiate $main))
  (type $t u8) (component $c) (import "f" (func $imported)))`;

test("definitions are found by identity, those without a name have none", async () => {
  const component = await decodeText(TEXT);
  const names = componentNames(component);
  const named = definitionsOf(component).flatMap((one) => ("sort" in one ? [[one.kind, nameOf(names, one)]] : []));
  expect(named).toEqual([
    ["core module", "main"],
    ["core module", undefined],
    ["core instantiation", "run"],
    ["type", "t"],
    ["component", "c"],
    ["type", undefined],
    ["import", "imported"],
  ]);
  expect(names?.component).toBe("app");
});

test("a component without names has none", async () => {
  const component = await decodeText("(component (type u8))");
  expect(componentNames(component)).toBeUndefined();
  expect(nameOf(undefined, definitionsOfKind(component, "type")[0] as never)).toBeUndefined();
});

test("names follow their definitions to other numbers", async () => {
  const component = await decodeText("(component (type $a u8) (type $b u16) (type $c u32))");
  const [a] = definitionsOf(component);
  removeDefinitions(component, new Set([a as Definition]));
  const text = await print(encodeComponent(component).toBytes());
  expect(text).toContain("(type $b (;0;) u16)");
  expect(text).toContain("(type $c (;1;) u32)");
  expect(text).not.toContain("$a");
});

test("names are in the order of the numbers that they have in the end", async () => {
  const component = await decodeText("(component (type $a u8) (type $b u16))");
  const [section] = component.sections as [ComponentSection];
  component.sections = component.sections.with(0, { ...section, definitions: section.definitions.toReversed() });
  const bytes = encodeComponent(component).toBytes();
  const text = await print(bytes);
  expect(text).toContain("(type $b (;0;) u16)");
  expect(text).toContain("(type $a (;1;) u8)");
  expect(Buffer.from(bytes).toString("latin1")).toContain("\x00\x01b\x01\x01a");
});

test("a sort without names left goes", async () => {
  const component = await decodeText('(component (type $a u8) (import "f" (func $f)))');
  const [a] = definitionsOf(component);
  removeDefinitions(component, new Set([a as Definition]));
  const names = componentNames(component);
  expect(names?.sorts.map(({ sort }) => sort).sort()).toEqual(["func", "type"]);
  const again = encodeComponent(component).toBytes();
  expect(Buffer.from(again).toString("latin1")).toContain("\x01\x05\x01\x01\x00\x01f");
  // A list of the names of types with nothing in it.
  expect(Buffer.from(again).toString("latin1")).not.toContain("\x01\x02\x03\x00");
  expect(await print(again)).not.toContain("$a");
});

test("names in a nested component are its own", async () => {
  const component = await decodeText("(component $outer (type $t u8) (component $inner (type $s u8)))");
  const [nested] = definitionsOfKind(component, "component");
  const inner = nested?.component as NonNullable<typeof nested>["component"];
  expect(componentNames(inner)?.component).toBe("inner");
  expect(componentNames(inner)?.sorts.flatMap(({ names }) => names.map(({ name }) => name))).toEqual(["s"]);
});
