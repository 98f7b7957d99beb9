import { Opcode } from "../binary/opcodes.js";
import { findCallers } from "../module/code-uses.js";
import { type Address, type ConstantAccess, constantAccesses, isSameAddress } from "../module/constant-accesses.js";
import { functionType, importedCount } from "../module/index-spaces.js";
import type { CoreModule } from "../module/model.js";
import type { FuncType } from "../module/types.js";
import { keepsPreopens } from "./keeps-preopens.js";
import { type Preview1Name, preview1Imports } from "./preview1.js";

/** wasi/libc.h: "Forget the preopens", to look for them again when a path is next opened. */
export const RESET_PREOPENS = "__wasilibc_reset_preopens";

/** wasi/libc-environ.h: to read the environment again when a variable is next asked for. */
export const DEINITIALIZE_ENVIRON = "__wasilibc_deinitialize_environ";

/** What is known of the C library in a core module. */
export interface LibcTraits {
  /** Absent where the module does not ask for preopens by the numbers of preview 1. */
  readonly preopens: PreopenTraits | undefined;
  /** Which of {@link RESET_PREOPENS} and {@link DEINITIALIZE_ENVIRON} are wasi-libc's, by their code. */
  readonly own: ReadonlySet<string>;
  /** Which of them are exported, and are something else. */
  readonly foreign: ReadonlySet<string>;
  /** Whether the module is a shared library, which exports everything. */
  readonly isShared: boolean;
}

export interface PreopenTraits {
  /**
   * Where wasi-libc notes that it has filled its table of preopens, which it does when a path is first opened: the
   * address of a byte in memory 0. Its other variables lie around it. Absent where the code is another one's.
   */
  readonly populated: number | undefined;
  /** Whether the module is from an output, in which it had asked and could not be made to forget. */
  readonly kept: boolean;
}

export function findLibc(module: CoreModule): LibcTraits {
  const flag = populatedFlag(module);
  const isShared = module.customSection("dylink.0") !== undefined;
  const exported = [RESET_PREOPENS, DEINITIALIZE_ENVIRON].filter((name) => exportOf(module, name) !== undefined);
  const isOwn = (name: string) =>
    name === RESET_PREOPENS ? isReset(module, flag) : !isShared && isDeinitialize(module);
  const own = new Set(exported.filter(isOwn));
  const foreign = new Set(exported.filter((name) => !own.has(name)));
  return { preopens: preopensOf(module, flag), own, foreign, isShared };
}

function preopensOf(module: CoreModule, flag: Address | undefined): PreopenTraits | undefined {
  if (!preview1Imports(module).has("fd_prestat_get")) return undefined;
  return { populated: flag?.base === undefined ? flag?.offset : undefined, kept: keepsPreopens(module) };
}

/** Its function index. */
function exportOf(module: CoreModule, name: string): number | undefined {
  return module.exports.find((item) => item.kind === "func" && item.name === name)?.index;
}

/** All places of constant address that an exported function without parameters and results reads or writes. */
function accessesOf(module: CoreModule, name: string): ConstantAccess[] {
  const func = exportOf(module, name);
  const type = func === undefined ? undefined : functionType(module, func);
  if (func === undefined || type === undefined || type.params.length + type.results.length > 0) return [];
  return accessesIn(module, func);
}

/** @param func - function index; of an import nothing is known */
function accessesIn(module: CoreModule, func: number): ConstantAccess[] {
  const position = func - importedCount(module, "func");
  return position < 0 ? [] : constantAccesses(module, position);
}

/** It ends by saying that the table is not filled. */
function isReset(module: CoreModule, flag: Address | undefined): boolean {
  if (flag === undefined) return false;
  return accessesOf(module, RESET_PREOPENS).some(
    ({ opcode, address, stored }) => opcode === Opcode.i32Store8 && stored === 0 && isSameAddress(address, flag),
  );
}

/** It sets the variable to -1, unless it is that already; what asks for the environment sets the same one. */
function isDeinitialize(module: CoreModule): boolean {
  const accesses = accessesOf(module, DEINITIALIZE_ENVIRON);
  const variables = accesses
    .filter(({ opcode, stored }) => opcode === Opcode.i32Store && stored === -1)
    .map(({ address }) => address)
    .filter((one) => accesses.some(({ opcode, address }) => opcode === Opcode.i32Load && isSameAddress(address, one)));
  if (variables.length === 0) return false;
  const sets = (func: number) =>
    accessesIn(module, func).some(
      ({ opcode, address }) => opcode === Opcode.i32Store && variables.some((one) => isSameAddress(address, one)),
    );
  return [...callersOf(module, environmentImport(module))].flat().some(sets);
}

/**
 * `__wasilibc_populate_preopens` (libc-bottom-half/sources/preopens.c) starts with a look at this variable and ends by
 * setting it. The variable is static and has no name. The function need not have one either: it is what calls the
 * import, or calls a function that does, and so on.
 */
function populatedFlag(module: CoreModule): Address | undefined {
  for (const level of callersOf(module, preopensImport(module))) {
    const flags = level.flatMap((func) => flagOf(module, func) ?? []);
    const [first] = flags;
    if (first !== undefined) return flags.every((flag) => isSameAddress(flag, first)) ? first : undefined;
  }
  return undefined;
}

/** The byte that a function loads before anything else of constant address, where it also stores 1 to it. */
function flagOf(module: CoreModule, func: number): Address | undefined {
  const accesses = accessesIn(module, func);
  const loaded = accesses.find(({ stored, isLoad }) => isLoad && stored === undefined);
  if (loaded?.opcode !== Opcode.i32Load8U) return undefined;
  const isSet = accesses.some(
    ({ opcode, address, stored }) =>
      opcode === Opcode.i32Store8 && stored === 1 && isSameAddress(address, loaded.address),
  );
  return isSet ? loaded.address : undefined;
}

function preopensImport(module: CoreModule): Import | undefined {
  return (
    preview1Import(module, "fd_prestat_get") ??
    lowered(module, /^wasi:filesystem\/preopens@0\.[23]\./, "get-directories")
  );
}

function environmentImport(module: CoreModule): Import | undefined {
  return (
    preview1Import(module, "environ_get") ?? lowered(module, /^wasi:cli\/environment@0\.[23]\./, "get-environment")
  );
}

interface Import {
  /** Function index. */
  readonly func: number;
  /** What follows a call of it, where that is known. */
  readonly suffix: readonly number[];
}

/** `i32.const 65535`, `i32.and`: what clang makes of a result that is a `uint16_t`. */
const MASK_ERRNO = [Opcode.i32Const, 0xff, 0xff, 0x03, Opcode.i32And];

function preview1Import(module: CoreModule, name: Preview1Name): Import | undefined {
  const func = preview1Imports(module).get(name);
  return func === undefined ? undefined : { func, suffix: MASK_ERRNO };
}

/** A function that returns a list, as it is lowered: it takes the address where that goes. */
function lowered(module: CoreModule, from: RegExp, name: string): Import | undefined {
  const functions = module.imports.filter(({ kind }) => kind === "func");
  const func = functions.findIndex((item) => from.test(item.module) && item.name === name);
  return func >= 0 && takesOnlyAddress(functionType(module, func)) ? { func, suffix: [] } : undefined;
}

function takesOnlyAddress(type: FuncType | undefined): boolean {
  return type?.params.join() === "i32" && type.results.length === 0;
}

/** Wrappers of wasi-libc, of an optimizer that did not inline them, and of wasi-vfs, which stands in between. */
const MAX_LEVELS = 4;

/** The functions that call an import, those that call these, and so on. */
function* callersOf(module: CoreModule, called: Import | undefined): Generator<readonly number[]> {
  if (called === undefined) return;
  const seen = new Set<number>();
  let level = findCallers(module, called.func, called.suffix);
  // Where nobody masks the result, others than clang have called it, or an optimizer knows better.
  if (level.length === 0 && called.suffix.length > 0) level = findCallers(module, called.func);
  for (let depth = 0; depth < MAX_LEVELS && level.length > 0; depth++) {
    yield level;
    for (const func of level) seen.add(func);
    level = [...new Set(level.flatMap((func) => findCallers(module, func)))].filter((func) => !seen.has(func));
  }
}
