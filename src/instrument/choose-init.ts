import { decodeComponent } from "../component/decode.js";
import { coreFunctionExports } from "./core-exports.js";
import { findInitFunction, type InitFunction } from "./init-func.js";

/** Finds the init function that a text asks for in a component; see {@link findInitFunction}. */
export function chooseInit(bytes: Uint8Array, requested: string | undefined): InitFunction {
  const component = decodeComponent(bytes);
  return findInitFunction(component, () => coreFunctionExports(component), requested);
}
