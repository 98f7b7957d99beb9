import { componentNames, coreInstantiations } from "../component/graph.js";
import type { Component, CoreModuleDefinition } from "../component/model.js";
import { nameOf } from "../component/names.js";
import { functionType } from "../module/index-spaces.js";
import type { FuncType } from "../module/types.js";
import { formatValueType } from "../module/value-types.js";
import type { CoreFunctionExport } from "./init-func.js";
import { decodeDefinition } from "./module.js";

/** The functions that the core instances of a component export. */
export function coreFunctionExports(component: Component): CoreFunctionExport[] {
  const names = componentNames(component);
  return coreInstantiations(component).flatMap((instance, position) => {
    const module = decodeDefinition(instance.module as CoreModuleDefinition);
    return module.exports
      .filter(({ kind }) => kind === "func")
      .map(({ name, index }): CoreFunctionExport => {
        const type = functionType(module, index);
        return {
          instance: position,
          instanceName: nameOf(names, instance) ?? nameOf(names, instance.module),
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
