import { encodeComponent } from "../component/encode.js";
import { definitionsOf, definitionsOfKind } from "../component/graph.js";
import { removeDead } from "../component/live.js";
import type { Component, CoreModuleDefinition, Export } from "../component/model.js";
import { importedInterfaces, usesAsync } from "../component/resolve.js";
import { ComponentInitError } from "../errors.js";
import type { CoreInstanceNode, Specialized } from "../specialize/model.js";
import { renameCoreItems } from "./core-names.js";
import { type Instrumented, type InstrumentedInstance, PREVIEW1_ADAPTER } from "./model.js";
import { type InstrumentOptions, instrumentModule } from "./module.js";
import { shapeOf, skeletonOf } from "./skeleton.js";

/**
 * Makes the state of a component visible to its host.
 *
 * @param specialized - it is made ready to run and must not be used for anything else afterwards
 * @throws {@link ComponentInitError} `unsupported`, `malformed`, `invalid-option`
 */
export function instrument(specialized: Specialized, options: InstrumentOptions = {}): Instrumented {
  const { original, component, instances } = specialized;
  refuseUnsupported(component);
  const isRenamed = renameCoreItems(component);
  const isUnchanged = specialized.isUnchanged && !isRenamed && !definitionsOfKind(component, "export").some(isOpaque);
  if (!isUnchanged) makeRunnable(component);
  const definitions = coreModules(component);
  const names = new Map(instances.map(({ module, moduleName }) => [module, moduleName]));
  const modules = definitions.map((definition) => instrumentModule(definition, names.get(definition), options));
  const instrumented = new Map(definitions.map((definition, i) => [definition, modules[i]?.chunks ?? []]));
  const isAsync = usesAsync(component);
  return {
    original,
    component,
    chunksOf: (definition) => instrumented.get(definition) ?? definition.chunks,
    modules,
    instances: instances.map((node) => describe(node, definitions)),
    imports: importedInterfaces(component),
    shape: shapeToBind(specialized, isUnchanged, isAsync),
    isAsync,
  };
}

/** jco's bindgen reads function bodies only where the component uses the async ABI. */
function shapeToBind({ original, component }: Specialized, isUnchanged: boolean, isAsync: boolean): Uint8Array[] {
  if (isUnchanged) return isAsync ? [original] : shapeOf(original, component);
  return [isAsync ? encodeComponent(component).toBytes() : skeletonOf(component)];
}

function describe({ module, name, moduleName }: CoreInstanceNode, definitions: readonly CoreModuleDefinition[]) {
  const instance: InstrumentedInstance = {
    module: definitions.indexOf(module),
    name,
    isPreview1Adapter: moduleName === PREVIEW1_ADAPTER,
  };
  return instance;
}

/** The core modules of a component and of those nested in it, in the order of the file. */
export function coreModules(component: Component): CoreModuleDefinition[] {
  return definitionsOf(component).flatMap((definition) => {
    if (definition.kind === "component") return coreModules(definition.component);
    return definition.kind === "core module" ? [definition] : [];
  });
}

/**
 * Removes what jco's bindgen cannot handle and no initialization can reach: exported core modules and components, and
 * definitions that specialization left without a use.
 */
function makeRunnable(component: Component): void {
  removeDead(component, { hasEffect: () => true, isExported: (item) => !isOpaque(item) });
}

/** Nobody can call what is in it. */
function isOpaque({ sort }: Export): boolean {
  return sort === "core module" || sort === "component";
}

/** What would give a wrong output is refused before anything runs. */
function refuseUnsupported(component: Component): void {
  const refuse = (what: string) => {
    throw new ComponentInitError("unsupported", `the component ${what}, which cannot be pre-initialized`);
  };
  for (const definition of definitionsOf(component)) {
    if (definition.kind === "export" && definition.sort === "func" && definition.name.name === "then") {
      // jco's bindings are an object with this property, which JavaScript takes for a promise and calls.
      refuse("exports a function named then");
    }
    if (definition.kind === "import" && definition.sort === "value") {
      refuse(`imports the value ${definition.name.name}`);
    }
  }
}
