import { ComponentInitError } from "../errors.js";
import type { Initialized } from "../host/initialize.js";
import type { ReferenceContents } from "../host/references.js";
import { type TableContents, UNREADABLE } from "../host/tables.js";
import { type FunctionReference, NULL_ENTRY, type ReferenceValue, type TableImage } from "./model.js";

/**
 * The contents of a table.
 *
 * @throws {@link ComponentInitError} `unsupported` where something else than functions and null is in it
 */
export function tableImage(table: TableContents, initialized: Initialized): TableImage {
  const { instance, index, contents } = table;
  const functions: FunctionReference[] = [];
  const positions = new Map<unknown, number>([[null, NULL_ENTRY]]);
  const entries = Int32Array.from(contents, (element, i) => {
    const known = positions.get(element);
    if (known !== undefined) return known;
    const where = () => `entry ${i} of table ${index} of core instance ${nameOf(initialized, instance)}`;
    functions.push(functionOf(element, initialized, where));
    positions.set(element, functions.length - 1);
    return functions.length - 1;
  });
  return { index, functions, entries };
}

/** @throws {@link ComponentInitError} `unsupported` where the global holds something else than a function or null */
export function referenceValue(changed: ReferenceContents, initialized: Initialized): ReferenceValue {
  const { instance, index, value } = changed;
  const where = () => {
    const { references } = (initialized.instances[instance] as Initialized["instances"][number]).module.state;
    const name = references.find((one) => one.index === index)?.name;
    const global = name === undefined ? `global ${index}` : `global ${index} ($${name})`;
    return `${global} of core instance ${nameOf(initialized, instance)}`;
  };
  return { index, func: value === null ? undefined : functionOf(value, initialized, where) };
}

function functionOf(reference: unknown, { functions }: Initialized, where: () => string): FunctionReference {
  const func = functions.find(reference);
  if (func !== undefined) return { instance: func.instance, index: func.index };
  throw new ComponentInitError(
    "unsupported",
    `initialization ended with ${describe(reference)} in ${where()}: only functions and null can be snapshotted, ` +
      "so let it hold null when initialization ends",
  );
}

function describe(reference: unknown): string {
  if (reference === UNREADABLE) return "an exception or a continuation";
  if (typeof reference === "function") return "a function that no core instance has";
  return typeof reference === "object" ? "a garbage-collected object" : "a reference that is no function";
}

function nameOf({ instances }: Initialized, instance: number): string {
  return instances[instance]?.info.name ?? String(instance);
}
