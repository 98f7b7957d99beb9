import { Opcode } from "../binary/opcodes.js";
import { hasConstant } from "../module/code-uses.js";
import { functionType } from "../module/index-spaces.js";
import type { CoreModule } from "../module/model.js";
import type { FuncType } from "../module/types.js";
import { isPreview1Function } from "./preview1.js";

/** What wit-component calls its adapter from WASI preview 1, and whatever else is given to it in that place. */
export const PREVIEW1_ADAPTER = "wit-component:adapter:wasi_snapshot_preview1";

/**
 * What a module is to WASI preview 1: the adapter that wit-component is mostly given, one that is similar to it, or
 * nothing of the kind.
 */
export type AdapterKind = "known" | "similar" | undefined;

/** `MAGIC`, the first field of the adapter's `State`, which its code sets and checks whenever it uses that. */
export const STATE_MAGIC = 0x21686775;

/**
 * Recognizes wasi-preview1-component-adapter by its imports, exports, types and code together, because what it keeps in
 * its globals is thrown away. wit-component refuses adapters with data or memories of their own, so all that such a
 * module knows it has by its globals: its stack, its state and how far it has allocated these.
 */
export function adapterKind(module: CoreModule, name: string | undefined): AdapterKind {
  const provides = module.exports.some((item) => item.kind === "func" && providesPreview1(module, item));
  if (!provides) return undefined;
  const isMarked = hasConstant(module, STATE_MAGIC);
  if (isMarked && hasKnownImports(module) && hasKnownExports(module) && hasKnownState(module)) return "known";
  return isMarked || name === PREVIEW1_ADAPTER ? "similar" : undefined;
}

function providesPreview1(module: CoreModule, { name, index }: { readonly name: string; readonly index: number }) {
  return isPreview1Function(name, functionType(module, index));
}

function hasKnownState(module: CoreModule): boolean {
  const owns = module.count("memory") + module.count("data") + module.count("element") + module.count("tag");
  const variables = module.globals.filter(({ type }) => type.mutable);
  return (
    owns === 0 &&
    variables.length <= 3 &&
    variables.every(({ type, init }) => {
      return type.value === "i32" && init[0] === Opcode.i32Const;
    })
  );
}

/** The memory of the program that it serves, functions of that, and WASI 0.2. */
function hasKnownImports(module: CoreModule): boolean {
  return module.imports.every(({ kind, module: from, name }) => {
    if (kind === "memory") return from === "env" && name === "memory";
    return kind === "func" && (from === "__main_module__" || /^wasi:[a-z-]+\/[a-z0-9-]+@0\.2\.\d+$/.test(from));
  });
}

const OWN_EXPORTS: Readonly<Record<string, string>> = {
  adapter_close_badfd: "i32 -> i32",
  adapter_monotonic_clock_set_paused: "i32 -> ",
  adapter_open_badfd: "i32 -> i32",
  cabi_export_realloc: "i32 i32 i32 i32 -> i32",
  cabi_import_realloc: "i32 i32 i32 i32 -> i32",
  reset_adapter_state: " -> ",
};

function hasKnownExports(module: CoreModule): boolean {
  return module.exports.every(({ kind, name, index }) => {
    // What linkers export by themselves, `__heap_base`, is constant.
    if (kind === "global") return module.globals[index]?.type.mutable === false;
    if (kind !== "func") return false;
    const type = functionType(module, index);
    if (isPreview1Function(name, type)) return true;
    const own = /^wasi:cli\/run@0\.2\.\d+#run$/.test(name) ? " -> i32" : OWN_EXPORTS[name];
    return own !== undefined && type !== undefined && formatType(type) === own;
  });
}

function formatType({ params, results }: FuncType): string {
  return `${params.join(" ")} -> ${results.join(" ")}`;
}
