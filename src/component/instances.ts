import { childEnvironment, type Environment, resolve, rootEnvironment } from "./environment.js";
import { definitionsOf } from "./graph.js";
import type { Component, NestedComponent } from "./model.js";

/** An instance of a component that comes about when a component is instantiated. */
export interface ComponentInstanceNode {
  readonly environment: Environment;
  /** The instance whose component instantiates this one; absent for the root. */
  readonly outer: ComponentInstanceNode | undefined;
}

/**
 * The instance of a component, and those of the components in it.
 *
 * @param root - each component in it is instantiated once
 */
export function componentInstances(root: Component): ComponentInstanceNode[] {
  const nodes: ComponentInstanceNode[] = [{ environment: rootEnvironment(root), outer: undefined }];
  for (const node of nodes) {
    const { environment } = node;
    for (const definition of definitionsOf(environment.component)) {
      if (definition.kind !== "instantiation") continue;
      const target = resolve({ entity: definition.component, environment });
      if (target.entity.sort !== "component" || !("component" in target.entity)) continue;
      const nested = target.entity as NestedComponent;
      const inner = childEnvironment(nested, definition.args, environment, target.environment);
      environment.instances.set(definition, inner);
      nodes.push({ environment: inner, outer: node });
    }
  }
  return nodes;
}
