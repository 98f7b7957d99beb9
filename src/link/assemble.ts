import { decodeComponent } from "../component/decode.js";
import { appendSections, componentNames, definitionsOfKind } from "../component/graph.js";
import type {
  Component,
  ComponentSection,
  CoreExportAlias,
  CoreInlineExports,
  CoreInstance,
  CoreInstantiation,
  CoreModuleDefinition,
  CoreSort,
  Definition,
  Entity,
  SectionKind,
} from "../component/model.js";
import { nameOf, setNames } from "../component/names.js";
import { encodeModule } from "../module/encode.js";
import type { ExternKind } from "../module/exports.js";
import type { CoreModule } from "../module/model.js";
import { envName, TABLE } from "./env.js";
import { libraryImport, MAIN } from "./init.js";
import type { Slots } from "./layout.js";
import type { Library } from "./library.js";
import { type LinkPlan, MEMORY } from "./plan.js";
import { fillsOwnSlots, segmentsFor } from "./table-entries.js";

/** What wit-component calls the instance of the program's own module. */
const PROGRAM = "main";

/** A core module to append. */
interface AppendedModule {
  readonly module: CoreModule;
  readonly chunks: readonly Uint8Array[];
}

export interface AppendedModules {
  readonly libraries: ReadonlyMap<Library, AppendedModule>;
  readonly init: AppendedModule;
}

export function encodeModules({ order, slots }: LinkPlan, init: CoreModule): AppendedModules {
  const encode = (module: CoreModule) => ({ module, chunks: encodeModule(module).toChunks() });
  const libraries = new Map(order.map((library) => [library, encode(appendedModule(library, slots))]));
  return { libraries, init: encode(init) };
}

function appendedModule(library: Library, slots: Slots): CoreModule {
  const module = library.module.copy();
  // What the component's world is has been said by then.
  module.filterCustomSections(({ name }) => !name.startsWith("component-type"));
  const segments = fillsOwnSlots(library) ? segmentsFor(slots.entriesOf(library)) : [];
  // At the end, so that code that names segments by number still names the same.
  if (segments.length > 0) module.elements = [...module.elements, ...segments];
  return module;
}

/**
 * Puts libraries into the component that was made of `env`: after all that is there, because each needs only what comes
 * before it.
 */
export function appendLibraries(bytes: Uint8Array, plan: LinkPlan, modules: AppendedModules): Assembled {
  return new Assembler(decodeComponent(bytes), plan).append(modules);
}

export interface Assembled {
  readonly component: Component;
  /** The core modules of it that were appended, and the names of their exports that something uses. */
  readonly modules: ReadonlyMap<
    CoreModuleDefinition,
    { readonly module: CoreModule; readonly used: ReadonlySet<string> }
  >;
}

class Assembler {
  private readonly program: Entity;
  private readonly modules = new Map<CoreInstantiation, CoreModule>();
  private readonly instances = new Map<Library, CoreInstantiation>();
  private readonly aliases = new Map<Entity, Map<string, CoreExportAlias>>();
  private readonly sections: ComponentSection[] = [];
  private readonly names: (readonly [Entity, string])[] = [];
  /** Those that are not written yet. */
  private pending: CoreExportAlias[] = [];

  constructor(
    private readonly component: Component,
    private readonly plan: LinkPlan,
  ) {
    const names = componentNames(component);
    const isProgram = (one: CoreInstance) => nameOf(names, one) === PROGRAM;
    const found = definitionsOfKind(component, "core instantiation").find(isProgram);
    if (found === undefined) throw new Error("wit-component has no instance called main");
    this.program = found;
  }

  append({ libraries, init }: AppendedModules): Assembled {
    for (const library of this.plan.order) this.appendLibrary(library, libraries.get(library) as AppendedModule);
    const needed = new Set(init.module.imports.map(({ module }) => module));
    const args = [...this.plan.order]
      .filter((library) => needed.has(libraryImport(library)))
      .map((library) => ({ name: libraryImport(library), instance: this.instances.get(library) as Entity }));
    this.instantiate(init, "init", [{ name: MAIN, instance: this.program }, ...args]);
    appendSections(this.component, this.sections);
    setNames(this.component, this.names);
    return { component: this.component, modules: this.usedExports(init.module) };
  }

  private usedExports(init: CoreModule): Assembled["modules"] {
    const byInit = Map.groupBy(init.imports, ({ module }) => module);
    const names = new Map([...this.instances].map(([library, instance]) => [instance, libraryImport(library)]));
    return new Map(
      [...this.modules].map(([instance, module]) => {
        const imported = byInit.get(names.get(instance) ?? "")?.map(({ name }) => name) ?? [];
        const used = new Set([...(this.aliases.get(instance)?.keys() ?? []), ...imported]);
        return [instance.module as CoreModuleDefinition, { module, used }];
      }),
    );
  }

  private appendLibrary(library: Library, module: AppendedModule): void {
    const instances = this.importsOf(library).map(([name, exports]): [string, CoreInlineExports] => [
      name,
      { kind: "core inline exports", sort: "core instance", exports },
    ]);
    this.flushAliases();
    this.addSection(
      "core instance",
      instances.map(([, instance]) => instance),
    );
    const args = instances.map(([name, instance]) => ({ name, instance }));
    this.instances.set(library, this.instantiate(module, library.name, args));
  }

  private instantiate(
    { module, chunks }: AppendedModule,
    name: string,
    args: CoreInstantiation["args"],
  ): CoreInstantiation {
    const definition: CoreModuleDefinition = { kind: "core module", sort: "core module", chunks, offset: 0 };
    const instance: CoreInstantiation = { kind: "core instantiation", sort: "core instance", module: definition, args };
    this.modules.set(instance, module);
    this.addSection("core module", [definition]);
    this.addSection("core instance", [instance]);
    this.names.push([definition, name], [instance, name]);
    return instance;
  }

  private addSection(kind: SectionKind, definitions: readonly Definition[]): void {
    this.sections.push({ kind, definitions });
  }

  /** What a library gets, by the module names that it imports from. */
  private importsOf(library: Library): [string, CoreInlineExports["exports"]][] {
    const modules = new Map<string, CoreInlineExports["exports"]>();
    const give = (module: string, name: string, item: Entity) => {
      const items = modules.get(module) ?? [];
      modules.set(module, items);
      items.push({ name, item });
    };
    for (const item of library.module.imports) {
      if (item.module !== "env") continue;
      if (item.kind === "memory") give("env", item.name, this.alias(this.program, MEMORY, "memory"));
      if (item.kind === "table") give("env", item.name, this.alias(this.program, TABLE, "table"));
    }
    for (const wanted of [...library.linkerGlobals, ...library.dataAddresses, ...library.functionAddresses]) {
      give(wanted.module, wanted.name, this.alias(this.program, envName.global(wanted, library), "global"));
    }
    for (const wanted of library.functions) give("env", wanted.name, this.functionFor(library, wanted));
    for (const wanted of library.linkerFunctions) {
      give("env", wanted.name, this.alias(this.program, envName.linker(wanted, library), "func"));
    }
    for (const tag of library.tags) give("env", tag.name, this.tagFor(tag));
    for (const item of library.outside) {
      give(item.module, item.name, this.alias(this.program, envName.outside(item), item.kind));
    }
    return [...modules];
  }

  private functionFor(library: Library, wanted: Library["functions"][number]): Entity {
    const call = this.plan.callOf(library, wanted);
    if (call.kind === "stub") return this.alias(this.program, envName.stub(wanted), "func");
    const { binding } = call;
    if (call.kind === "indirect") return this.alias(this.program, envName.call(binding), "func");
    return this.alias(this.instances.get(binding.library) as Entity, binding.func.name, "func");
  }

  private tagFor(tag: Library["tags"][number]): Entity {
    const owner = this.plan.symbols.tag(tag);
    if (owner === undefined) return this.alias(this.program, envName.tag(tag), "tag");
    return this.alias(this.instances.get(owner) as Entity, tag.name, "tag");
  }

  private alias(instance: Entity, name: string, kind: ExternKind): CoreExportAlias {
    const known = this.aliases.get(instance) ?? new Map<string, CoreExportAlias>();
    this.aliases.set(instance, known);
    let alias = known.get(name);
    if (alias === undefined) {
      alias = { kind: "core export alias", sort: `core ${kind}` as CoreSort, instance, name };
      known.set(name, alias);
      this.pending.push(alias);
    }
    return alias;
  }

  private flushAliases(): void {
    if (this.pending.length > 0) this.addSection("alias", this.pending);
    this.pending = [];
  }
}
