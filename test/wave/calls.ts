import type { FunctionType, PrimitiveKind, ValueType } from "../../src/component/value-types.js";
import { ComponentInitError } from "../../src/errors.js";
import { parseCall } from "../../src/wave/parser.js";
import { typecheckArgs } from "../../src/wave/typecheck.js";

export function prim(kind: PrimitiveKind): ValueType {
  return { kind };
}

export function func(params: Record<string, ValueType>): FunctionType {
  return { async: false, params: Object.entries(params).map(([name, type]) => ({ name, type })) };
}

/** The JavaScript value of one WAVE value. */
export function value(wave: string, type: ValueType): unknown {
  return typecheckArgs(parseCall(`f(${wave})`), func({ a: type }))[0];
}

/** `code: message` of the error that `action` must throw. */
export function failure(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ComponentInitError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error("nothing was thrown");
}
