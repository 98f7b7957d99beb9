import { definitionsOf } from "../component/graph.js";
import type { Component, CoreModuleDefinition } from "../component/model.js";
import { importedInterfaces, usesAsync } from "../component/resolve.js";
import { ComponentInitError } from "../errors.js";
import type { Specialized } from "../specialize/model.js";
import type { Instrumented, InstrumentedModule } from "./model.js";
import { type InstrumentOptions, instrumentModule } from "./module.js";

/**
 * Makes the state of a component visible to its host.
 *
 * @param specialized - each core module in it is instantiated once
 * @throws {@link ComponentInitError} `unsupported`, `malformed`, `invalid-option`
 */
export function instrument(specialized: Specialized, options: InstrumentOptions = {}): Instrumented {
  const { original, component, instances } = specialized;
  refuseUnsupported(component);
  const definitions = instances.map(({ module }) => module);
  const known = new InstrumentedModules(options);
  const modules = instances.map(({ module, moduleName }) => known.of(module, moduleName));
  const instrumented = new Map(definitions.map((definition, i) => [definition, modules[i]?.chunks ?? []]));
  return {
    original,
    component,
    chunksOf: (definition) => instrumented.get(definition) ?? definition.chunks,
    definitions,
    modules,
    instances: instances.map(({ name }, module) => ({ module, name })),
    imports: importedInterfaces(component),
    isAsync: usesAsync(component),
  };
}

/** Copies of a core module are instrumented once, and then compiled once. */
class InstrumentedModules {
  private readonly known = new Map<Uint8Array, Map<string | undefined, InstrumentedModule>>();

  constructor(private readonly options: InstrumentOptions) {}

  of(definition: CoreModuleDefinition, name: string | undefined): InstrumentedModule {
    const [only, ...others] = definition.chunks;
    if (only === undefined || others.length > 0) return instrumentModule(definition, name, this.options);
    const byName = this.known.get(only) ?? new Map<string | undefined, InstrumentedModule>();
    this.known.set(only, byName);
    const module = byName.get(name) ?? instrumentModule(definition, name, this.options);
    byName.set(name, module);
    return module;
  }
}

/** What would give a wrong output is refused before anything runs. */
function refuseUnsupported(component: Component): void {
  for (const definition of definitionsOf(component)) {
    if (definition.kind === "import" && definition.sort === "value") {
      throw new ComponentInitError(
        "unsupported",
        `the component imports the value ${definition.name.name}, which cannot be pre-initialized: no engine has component values`,
      );
    }
  }
}
