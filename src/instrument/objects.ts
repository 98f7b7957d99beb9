import type { ConstExpr } from "../binary/const-expr.js";
import { scanExpression } from "../binary/instructions.js";
import { ByteReader } from "../binary/reader.js";
import { typeSpace } from "../module/index-spaces.js";
import type { CoreModule } from "../module/model.js";
import type { FieldType } from "../module/types.js";

/** From struct.new to array.new_fixed. */
const FIRST_ALLOCATION = 0xfb_0000;
const LAST_ALLOCATION = 0xfb_0008;

/** The types of the objects that a constant expression makes. */
function allocatedTypes(expr: ConstExpr): number[] {
  const types: number[] = [];
  scanExpression(new ByteReader(expr), ({ opcode, index }) => {
    if (opcode >= FIRST_ALLOCATION && opcode <= LAST_ALLOCATION) types.push(index);
  });
  return types;
}

/** Whether all objects that a constant expression makes are as they were made for ever: instantiation makes the same. */
export function makesConstants(module: CoreModule, expr: ConstExpr): boolean {
  return allocatedTypes(expr).every((index) => fieldsOf(module, index).every(({ mutable }) => !mutable));
}

function fieldsOf(module: CoreModule, index: number): readonly FieldType[] {
  const composite = typeSpace(module)[index]?.composite;
  if (composite?.kind === "struct") return composite.fields;
  return composite?.kind === "array" ? [composite.element] : [];
}

/**
 * Passive element segments with objects that can change. A segment keeps them, and code that takes one out and changes it
 * is not seen.
 */
export function changeableSegments(module: CoreModule): number[] {
  return [...module.elements.entries()].flatMap(([index, { mode, items }]) => {
    if (mode.kind !== "passive" || items.kind !== "expressions") return [];
    return items.exprs.every((expr) => makesConstants(module, expr)) ? [] : [index];
  });
}
