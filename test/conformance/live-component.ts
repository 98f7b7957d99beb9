import type { WasmFunction } from "../../src/abi/core-types.js";
import type { FuncInst } from "../../src/abi/func.js";
import { callCore, callExport } from "../../src/abi/host-call.js";
import type { HostImplementation } from "../../src/abi/host-func.js";
import { type InstanceExports, instantiateComponent } from "../../src/abi/instantiate.js";
import { PromiseIntegration } from "../../src/abi/promise-integration.js";
import { compile } from "../../src/host/initialize.js";
import { instrument } from "../../src/instrument/instrument.js";
import type { InstrumentedModule } from "../../src/instrument/model.js";
import { specialize } from "../../src/specialize/specialize.js";
import { testStore } from "../abi/support.js";

/** A component that is alive on the canonical ABI of this project, without the rest of its host. */
export interface LiveComponent {
  call(path: readonly string[], args: readonly unknown[]): Promise<unknown>;
}

/** @throws what instantiation throws */
export async function bringToLife(
  bytes: Uint8Array,
  functions: Readonly<Record<string, HostImplementation>>,
): Promise<LiveComponent> {
  const instrumented = instrument(specialize(bytes));
  const modules = await compile(instrumented);
  // A guest can catch what ends it, as JavaScript's exceptions are.
  let trapped: { readonly error: Error } | undefined;
  const store = testStore({
    onTrap: (error) => (trapped ??= { error }),
    integration: instrumented.isAsync ? new PromiseIntegration() : undefined,
    // What the functions above do happens at once, or never.
    waitOutside: async () => {
      for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
      return false;
    },
  });
  const exports = await instantiateComponent(instrumented.component, store, {
    func: (importName, func) => {
      const name = func === "" ? importName : `${importName}#${func}`;
      return functions[name] ?? (() => unknownImport(name));
    },
    instantiateCore: async (definition, imports, instance) => {
      const index = instrumented.definitions.indexOf(definition);
      const { exports } = new WebAssembly.Instance(modules[index] as WebAssembly.Module, imports);
      const { state } = instrumented.modules[index] as InstrumentedModule;
      for (const { exportName, is64 } of state.memories) {
        if (is64) store.memories64.add(exports[exportName] as WebAssembly.Memory);
      }
      if (state.start !== undefined) await callCore(instance, exports[state.start] as WasmFunction, true);
      return exports;
    },
  });
  return {
    call: async (path, args) => {
      const func = path.reduce<unknown>((owner, name) => (owner as InstanceExports).get(name), exports) as FuncInst;
      const result = await (func.kind === "lifted" ? callExport(func, args) : func.call(args));
      if (trapped !== undefined) throw trapped.error;
      return result;
    },
  };
}

function unknownImport(name: string): never {
  throw new Error(`nobody provides ${name}`);
}
