import { scanFunctionBody } from "../binary/instructions.js";
import { Opcode } from "../binary/opcodes.js";
import type { ByteReader } from "../binary/reader.js";
import { findCallers } from "../module/code-uses.js";
import type { CoreModule } from "../module/model.js";

/** What is known of the C library in a core module. */
export interface LibcTraits {
  /**
   * Where wasi-libc notes that it has filled its table of preopens, which it does when a path is first opened: the
   * address of a byte in memory 0. Its other variables lie around it.
   */
  readonly preopensPopulated: number | undefined;
  /** Whether the module is a shared library, which exports everything. */
  readonly isShared: boolean;
}

/** Asks for one of the preopens: what a guest calls to learn which there are. */
export const PRESTAT = { module: "wasi_snapshot_preview1", name: "fd_prestat_get" } as const;

export function findLibc(module: CoreModule): LibcTraits {
  return { preopensPopulated: findPopulated(module), isShared: module.customSection("dylink.0") !== undefined };
}

/** `i32.const 65535`, `i32.and`: what clang makes of a result that is a `uint16_t`. */
const MASK_ERRNO = [Opcode.i32Const, 0xff, 0xff, 0x03, Opcode.i32And];

/**
 * `__wasilibc_populate_preopens` (libc-bottom-half/sources/preopens.c) starts with a look at this variable and ends by
 * setting it. The variable is static and has no name. The function need not have one either: it is what calls the
 * import, or calls a function that does.
 */
function findPopulated(module: CoreModule): number | undefined {
  const imports = module.imports.filter(({ kind }) => kind === "func");
  const prestat = imports.findIndex((item) => item.module === PRESTAT.module && item.name === PRESTAT.name);
  if (prestat < 0) return undefined;
  const direct = findCallers(module, prestat, MASK_ERRNO);
  const flagIn = (functions: readonly number[]) => {
    const flags = new Set(functions.flatMap((func) => flagOf(module, func - imports.length) ?? []));
    return flags.size === 1 ? [...flags][0] : undefined;
  };
  return flagIn(direct) ?? flagIn(direct.flatMap((func) => findCallers(module, func)));
}

/** The address of the byte that a function loads before anything else of constant address, where it also stores 1 to it. */
function flagOf(module: CoreModule, position: number): number | undefined {
  const immediates = module.bodyReader(position);
  let loaded: number | undefined;
  const stored = new Set<number>();
  /** What the last two instructions put on the stack, where they are constants. */
  let constants: [number | undefined, number | undefined] = [undefined, undefined];
  scanFunctionBody(module.bodyReader(position), ({ opcode, start }) => {
    const [before, last] = constants;
    immediates.position = start + 1;
    if (last !== undefined && isLoad(opcode)) loaded ??= opcode === Opcode.i32Load8U ? last + offset(immediates) : -1;
    if (before !== undefined && last === 1 && opcode === Opcode.i32Store8) stored.add(before + offset(immediates));
    constants = [last, opcode === Opcode.i32Const ? immediates.s32() : undefined];
  });
  return loaded !== undefined && stored.has(loaded) ? loaded : undefined;
}

function isLoad(opcode: number): boolean {
  return opcode >= Opcode.i32Load && opcode <= Opcode.i64Load32U;
}

/** Of a memory argument, behind the alignment. */
function offset(immediates: ByteReader): number {
  immediates.u32("alignment");
  return immediates.u32("offset");
}
