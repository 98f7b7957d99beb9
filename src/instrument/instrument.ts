import { decodeComponent } from "../component/decode.js";
import {
  componentNames,
  coreInstantiations,
  definitionsOf,
  definitionsOfKind,
  nestedSome,
} from "../component/graph.js";
import type { Component, CoreInstantiation, CoreModuleDefinition, Entity } from "../component/model.js";
import { nameOf } from "../component/names.js";
import { importedInterfaces, keepsAsyncState, usesAsync } from "../component/resolve.js";
import { ComponentInitError } from "../errors.js";
import { type Instrumented, type InstrumentedInstance, PREVIEW1_ADAPTER } from "./model.js";
import { instrumentModule } from "./module.js";
import { shapeOf } from "./skeleton.js";

/**
 * Makes the state of a component visible to its host.
 *
 * @param bytes - a component; it is kept by reference and not changed
 * @throws {@link ComponentInitError} `not-a-component`, `malformed`, `unsupported`
 */
export function instrument(bytes: Uint8Array): Instrumented {
  const component = decodeComponent(bytes);
  refuseUnsupported(component);
  const definitions = definitionsOfKind(component, "core module");
  // Taken before the modules change.
  const shape = usesAsync(component) ? [bytes] : shapeOf(bytes, component);
  const names = componentNames(component);
  const modules = definitions.map((definition) => instrumentModule(definition, nameOf(names, definition)));
  definitions.forEach((definition, i) => {
    definition.chunks = (modules[i] as (typeof modules)[number]).chunks;
  });
  return {
    original: bytes,
    component,
    modules,
    instances: coreInstantiations(component).map((instance) => describe(instance, component, definitions)),
    imports: importedInterfaces(component),
    shape,
  };
}

function describe(
  instance: CoreInstantiation,
  component: Component,
  definitions: readonly CoreModuleDefinition[],
): InstrumentedInstance {
  const names = componentNames(component);
  const moduleName = nameOf(names, instance.module);
  return {
    module: definitions.indexOf(instance.module as CoreModuleDefinition),
    name: nameOf(names, instance) ?? moduleName,
    isPreview1Adapter: moduleName === PREVIEW1_ADAPTER,
  };
}

/** What would give a wrong output today is refused before anything runs. */
function refuseUnsupported(component: Component): void {
  const refuse = (what: string) => {
    throw new ComponentInitError("unsupported", `the component ${what}, which cannot be pre-initialized yet`);
  };
  for (const definition of definitionsOf(component)) {
    if (definition.kind === "component" && nestedSome(definition, (inner) => inner.kind === "core module")) {
      refuse("has a nested component with core modules of its own");
    }
    if (definition.kind === "component" && nestedSome(definition, (inner) => inner.kind === "core instantiation")) {
      refuse("instantiates core modules in a nested component");
    }
    if (definition.kind === "export" && definition.sort === "func" && definition.name.name === "then") {
      // jco's bindings are an object with this property, which JavaScript takes for a promise and calls.
      refuse("exports a function named then");
    }
    if (definition.kind === "start") refuse("has a component start function");
    if (definition.kind === "import" && definition.sort === "core module") {
      refuse(`imports the core module ${definition.name.name}`);
    }
    if (definition.kind === "import" && definition.sort === "component") {
      refuse(`imports the component ${definition.name.name}`);
    }
    if (definition.kind === "export" && definition.sort === "core module") {
      refuse(`exports the core module ${definition.name.name}`);
    }
  }
  // Waitable sets, streams, futures and tasks live in the host, where they cannot be seen.
  if (keepsAsyncState(component)) refuse("uses the async canonical ABI");
  refuseRepeated(component);
}

function refuseRepeated(component: Component): void {
  const seen = new Set<Entity>();
  for (const { module } of coreInstantiations(component)) {
    if (module.sort === "core module" && (module as CoreModuleDefinition).kind !== "core module") {
      throw new ComponentInitError(
        "unsupported",
        "the component instantiates a core module that it gets by alias, which cannot be pre-initialized yet",
      );
    }
    if (seen.has(module)) {
      const name =
        nameOf(componentNames(component), module) ??
        `at offset 0x${(module as CoreModuleDefinition).offset.toString(16)}`;
      throw new ComponentInitError(
        "unsupported",
        `the component instantiates the core module ${name} more than once, which cannot be pre-initialized yet`,
      );
    }
    seen.add(module);
  }
}
