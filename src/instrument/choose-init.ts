import type { Specialized } from "../specialize/model.js";
import { coreFunctionExports } from "./core-exports.js";
import { findInitFunction, type InitFunction } from "./init-func.js";

/** Finds the init function that a text asks for in a component; see {@link findInitFunction}. */
export function chooseInit(specialized: Specialized, requested: string | undefined): InitFunction {
  return findInitFunction(specialized.component, () => coreFunctionExports(specialized), requested);
}
