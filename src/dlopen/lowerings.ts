import {
  childEnvironment,
  type Environment,
  importedItem,
  resolve,
  rootEnvironment,
} from "../component/environment.js";
import { definitionsOf } from "../component/graph.js";
import type { Component, Import, Lower, NestedComponent } from "../component/model.js";
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
  const lowerings: DlLowering[] = [];
  const visit = (environment: Environment) => {
    const { component } = environment;
    for (const definition of definitionsOf(component)) {
      if (definition.kind === "lower") {
        const item = importedItem({ entity: definition.func, environment });
        if (item === undefined || !imports.has(item.import)) continue;
        lowerings.push({ lower: definition, func: item.path[0] as DlFunction, component });
      } else if (definition.kind === "instantiation") {
        const target = resolve({ entity: definition.component, environment });
        if (target.entity.sort !== "component") continue;
        const child = childEnvironment(
          target.entity as NestedComponent,
          definition.args,
          environment,
          target.environment,
        );
        environment.instances.set(definition, child);
        visit(child);
      }
    }
  };
  visit(rootEnvironment(root));
  return lowerings;
}
