import {
  buildGlue,
  GLUE_STACK_POINTER,
  GLUE_TABLE,
  glueNames,
  isGlue,
  needsStackPointer,
} from "../dlopen/glue-module.js";
import { failDl } from "../dlopen/interface.js";
import type { Binding, PlannedLibrary } from "../dlopen/plan.js";
import { definerOf } from "../dlopen/planner.js";
import type { InstrumentedModule } from "../instrument/model.js";
import { instrumentModule } from "../instrument/module.js";
import { encodeModule } from "../module/encode.js";
import { callHook } from "./hooks.js";
import { importedValue } from "./importers.js";
import type { Opened, OpenedLibraries } from "./opened.js";
import type { Placed } from "./placement.js";
import type { Program, RunningCore } from "./program.js";
import type { Loaded } from "./registry.js";

/** What the loader needs of the component that runs. */
export interface LoaderHost {
  /** The core instances of the component. */
  readonly coreInstances: () => readonly RunningCore[];
  /** The memories of those who can open libraries. */
  readonly callers: ReadonlySet<WebAssembly.Memory>;
  /** Instantiates a core module next to them. */
  readonly instantiateMore: (module: InstrumentedModule, imports: WebAssembly.Imports, name: string) => AddedInstance;
  /** Whether the host has ended the guest: then nothing may look as if it were a failure of a library. */
  readonly isInterrupted: () => boolean;
}

export interface AddedInstance {
  readonly exports: WebAssembly.Exports;
  readonly position: number;
}

/** Makes instances of libraries, next to those of the component, and starts them. */
export class Instantiator {
  constructor(
    private readonly host: LoaderHost,
    private readonly program: Program,
    private readonly opened: OpenedLibraries,
  ) {}

  /**
   * A library's instance, and what it is known by from then on.
   *
   * @throws DlError
   */
  instantiate(planned: PlannedLibrary, { library, identity, bytes, names, free }: Placed): Loaded {
    const glue = this.makeInstance(
      encodeModule(buildGlue(library, planned.bindings)).toChunks(),
      `${planned.name}: imports`,
      { [GLUE_TABLE.module]: this.forGlue(planned) },
    );
    const imports: WebAssembly.Imports = Object.create(null);
    const nameInGlue = glueNames(planned.bindings);
    for (const binding of planned.bindings) {
      const items = (imports[binding.module] ??= Object.create(null) as WebAssembly.ModuleImports);
      const made = isGlue(binding) ? glue.exports[nameInGlue(binding)] : undefined;
      items[binding.name] = made ?? this.valueOf(binding, planned.name);
    }
    const what = `Error loading shared library ${planned.name}: a trap while it starts`;
    let made: AddedInstance | undefined;
    this.guarded(what, () => (made = this.makeInstance([bytes], planned.name, imports)));
    const { exports, position } = made as unknown as AddedInstance;
    const loaded: Loaded = {
      handle: this.opened.registry.nextHandle(),
      names: new Set(names),
      ...(identity !== undefined && { identity }),
      definer: definerOf({ ...planned, library }),
      exports,
      isProgram: false,
      needed: [],
      uses: [],
      openCount: 0,
      globalSince: 0,
      isKept: false,
    };
    this.opened.add(loaded, { planned, bytes, gluePosition: glue.position, position, glue: glue.exports, free });
    return loaded;
  }

  /**
   * All libraries' data is relocated before the first constructor runs.
   *
   * @throws DlError
   */
  start(libraries: readonly Loaded[]): void {
    const hooks = libraries.map((loaded) => ({ loaded, planned: (this.opened.of(loaded) as Opened).planned }));
    for (const { loaded, planned } of hooks) {
      if (!planned.relocates) continue;
      const relocate = loaded.exports.__wasm_apply_data_relocs as () => void;
      this.guarded(`Error relocating ${planned.name}`, relocate);
    }
    for (const { loaded, planned } of hooks) {
      if (planned.constructors === undefined) continue;
      const construct = loaded.exports[planned.constructors] as () => void;
      this.guarded(`Error loading shared library ${planned.name}: its constructors`, construct);
    }
  }

  private guarded(what: string, call: () => void): void {
    callHook(call, { what, stackPointer: this.program.stackPointer, isInterrupted: this.host.isInterrupted });
  }

  private makeInstance(chunks: readonly Uint8Array[], name: string, imports: WebAssembly.Imports): AddedInstance {
    const definition = { kind: "core module", sort: "core module", chunks, offset: 0 } as const;
    return this.host.instantiateMore(instrumentModule({ ...definition }, name), imports, name);
  }

  private forGlue({ bindings, name }: PlannedLibrary): WebAssembly.ModuleImports {
    const needed = bindings.some(({ target }) => needsStackPointer(target));
    return {
      [GLUE_TABLE.name]: this.program.table,
      ...(needed && { [GLUE_STACK_POINTER.name]: this.stackPointer(name) }),
    };
  }

  private stackPointer(library: string): WebAssembly.Global {
    return (
      this.program.stackPointer ??
      failDl(
        `Error loading shared library ${library}: the program does not export its stack pointer (-Wl,--export=__stack_pointer)`,
      )
    );
  }

  private valueOf({ module, name, target }: Binding, library: string): WebAssembly.ImportValue {
    const { program } = this;
    switch (target.to) {
      case "memory":
        return program.memory;
      case "table":
        return program.table;
      case "stack pointer":
        return this.stackPointer(library);
      case "export":
        return this.opened.exportOf(target.owner, target.name);
      case "made tag":
        return this.opened.madeTag(target.owner, { module, name });
      case "import":
        return importedValue({ position: target.instance, module, name }, program.importers);
      default:
        return failDl(`Error loading shared library ${library}: nothing has ${module}.${name}`);
    }
  }
}
