import { describe, expect, test } from "vitest";
import { ComponentEdits } from "../../src/component/edits.js";
import { encodeComponent } from "../../src/component/encode.js";
import { appendSection, definitionsOf, definitionsOfKind, referencesOf } from "../../src/component/graph.js";
import type { CoreModuleDefinition, Definition } from "../../src/component/model.js";
import { print, validate } from "../support/wat.js";
import { decodeText } from "./support.js";

const CORE = `
  (core module $m (func (export "init")))
  (core instance $i (instantiate $m))`;

describe("inserted definitions", () => {
  const moduleOf = (bytes: Uint8Array): CoreModuleDefinition => ({
    kind: "core module",
    sort: "core module",
    chunks: [bytes],
    offset: 0,
  });
  const EMPTY = new Uint8Array([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);

  test("shift the indices of those that follow", async () => {
    const component = await decodeText(
      `(component ${CORE} (func $f (canon lift (core func $i "init"))) (export "f" (func $f)))`,
    );
    const [first] = definitionsOfKind(component, "core module");
    const edits = new ComponentEdits(component);
    edits.insertBefore(first as Definition, "core module", [moduleOf(EMPTY)]);
    edits.apply();
    const output = encodeComponent(component).toBytes();
    await validate(output);
    expect(await print(output)).toMatch(/\(core instance \$i \(;0;\) \(instantiate \$m\)/);
    expect(await print(output)).toMatch(/\(core module \$m \(;1;\)/);
  });

  test("append without a change to what is there", async () => {
    const component = await decodeText(`(component ${CORE})`);
    const [module] = [moduleOf(EMPTY)];
    appendSection(component, "core module", [module as Definition]);
    appendSection(component, "core instance", [
      { kind: "core instantiation", sort: "core instance", module: module as CoreModuleDefinition, args: [] },
    ]);
    const output = encodeComponent(component).toBytes();
    await validate(output);
    expect(await print(output)).toMatch(/\(core instance \(;1;\) \(instantiate 1\)\)/);
  });

  test("that refer to what is not in the component are a defect, not an output", async () => {
    const component = await decodeText("(component)");
    appendSection(component, "core instance", [
      { kind: "core instantiation", sort: "core instance", module: moduleOf(EMPTY), args: [] },
    ]);
    expect(() => encodeComponent(component)).toThrow("a core module is used where it is not defined");
  });
});

test("references of a nested component include those that it makes to the outside", async () => {
  const component = await decodeText("(component (type $t u8) (type $u u8) (component (component (type (list $t)))))");
  const [t, u, nested] = definitionsOf(component) as [Definition, Definition, Definition];
  expect(referencesOf(nested).has(t as never)).toBe(true);
  expect(referencesOf(nested).has(u as never)).toBe(false);
});
