import { importedItem } from "../component/environment.js";
import { definitionsOfKind } from "../component/graph.js";
import { componentInstances } from "../component/instances.js";
import type { Component, Import, Lower } from "../component/model.js";
import type { DlFunction } from "./interface.js";

/** A core function that a component gets of the interface. */
export interface DlLowering {
  readonly lower: Lower;
  readonly func: DlFunction;
  /** The component that has the definition: the root or a nested one. */
  readonly component: Component;
}

/**
 * All core functions that a component, and those nested in it, make of the functions of some imports of its own.
 *
 * @param root - each component in it is instantiated once
 */
export function loweringsOf(root: Component, imports: ReadonlySet<Import>): DlLowering[] {
  return componentInstances(root).flatMap(({ environment }) => {
    const { component } = environment;
    return definitionsOfKind(component, "lower").flatMap((lower) => {
      const item = importedItem({ entity: lower.func, environment });
      if (item === undefined || !imports.has(item.import)) return [];
      return [{ lower, func: item.path[0] as DlFunction, component }];
    });
  });
}
