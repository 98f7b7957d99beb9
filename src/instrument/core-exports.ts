import { functionType } from "../module/index-spaces.js";
import type { FuncType } from "../module/types.js";
import { formatValueType } from "../module/value-types.js";
import type { Specialized } from "../specialize/model.js";
import type { CoreFunctionExport } from "./init-func.js";
import { decodeDefinition } from "./module.js";

/** The functions that the core instances of a component export. */
export function coreFunctionExports({ instances }: Specialized): CoreFunctionExport[] {
  return instances.flatMap(({ module: definition, name: instanceName, moduleName }, position) => {
    const module = decodeDefinition(definition);
    return module.exports
      .filter(({ kind }) => kind === "func")
      .map(({ name, index }): CoreFunctionExport => {
        const type = functionType(module, index);
        return {
          instance: position,
          instanceName,
          moduleName,
          name,
          isNullary: type !== undefined && type.params.length + type.results.length === 0,
          signature: type === undefined ? "a function of an unknown type" : formatFuncType(type),
        };
      });
  });
}

function formatFuncType({ params, results }: FuncType): string {
  const list = params.map(formatValueType).join(", ");
  return `func(${list})${results.length > 0 ? ` -> ${results.map(formatValueType).join(", ")}` : ""}`;
}
