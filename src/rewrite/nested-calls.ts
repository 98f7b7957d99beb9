import type { AnyEntity } from "../component/environment.js";
import { resolve } from "../component/environment.js";
import { definitionsOfKind } from "../component/graph.js";
import { type ComponentInstanceNode, componentInstances } from "../component/instances.js";
import type { Component } from "../component/model.js";

/**
 * What has to be said of a component in which one calls another that is inside of it, or around it: that was an error for some time, and
 * is not any more.
 */
export function nestedCallWarnings(component: Component): string[] {
  const nodes = componentInstances(component);
  const nodeOf = new Map(nodes.map((node) => [node.environment, node]));
  const isNested = nodes.some((caller) =>
    definitionsOfKind(caller.environment.component, "lower").some(({ func }) => {
      const { entity, environment } = resolve({ entity: func, environment: caller.environment });
      const callee = (entity as AnyEntity).kind === "lift" ? nodeOf.get(environment) : undefined;
      return callee !== undefined && callee !== caller && (isInside(callee, caller) || isInside(caller, callee));
    }),
  );
  return isNested
    ? ["components in it call others that are inside or around them: Wasmtime 42 to 48 trap on that, as for the input"]
    : [];
}

function isInside(node: ComponentInstanceNode, other: ComponentInstanceNode): boolean {
  for (let { outer } = node; outer !== undefined; outer = outer.outer) if (outer === other) return true;
  return false;
}
