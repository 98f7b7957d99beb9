import { constExprOfBits } from "../binary/const-expr.js";
import { encodeComponent } from "../component/encode.js";
import { wrapped } from "../component/wrap.js";
import { ComponentInitError } from "../errors.js";
import { decodeDefinition } from "../instrument/module.js";
import type { JcoThread } from "../jco/jco-thread.js";
import { encodeModule } from "../module/encode.js";
import type { MemoryType } from "../module/extern-types.js";
import type { CoreModule } from "../module/model.js";
import { skeleton } from "../module/skeleton.js";
import { isRefType } from "../module/value-types.js";
import type { Rewritten } from "../rewrite/rewrite.js";
import { CompiledBodies } from "./compiled.js";

/**
 * Checks an output before it replaces anything: its core modules with V8, the component around them with wasm-tools.
 *
 * @param compiled - core modules whose functions V8 has checked already
 * @throws ComponentInitError `invalid-output`; `unsupported` for more of something than components can have
 */
export async function verify(
  rewritten: Rewritten,
  thread: JcoThread,
  compiled: readonly CoreModule[] = [],
): Promise<void> {
  // In its thread, while V8 works in this one.
  const validation = validateSkeleton(skeletonOf(rewritten), thread);
  // It is waited for below, unless there is another error before.
  validation.catch(() => undefined);
  const known = new CompiledBodies(compiled);
  for (const module of rewritten.modules.values()) {
    if (known.has(module)) continue;
    if (!WebAssembly.validate(withoutData(module))) fail("a core module of the output is not valid");
  }
  const problem = await validation;
  if (problem === undefined) return;
  const [, what, limit] = /(\w+) count exceeds limit of (\d+)/.exec(problem) ?? [];
  if (what !== undefined)
    throw new ComponentInitError(
      "unsupported",
      `the output would have more than ${limit} ${what}, which no component can have`,
    );
  fail(`the output is not a valid component: ${problem}`);
}

/** @returns what is wrong with a component without function bodies and data; `undefined` when it is valid */
export function validateSkeleton(skeleton: Uint8Array, thread: JcoThread): Promise<string | undefined> {
  return thread.validate(wrapped(skeleton));
}

function fail(what: string, cause?: unknown): never {
  throw new ComponentInitError("invalid-output", `${what}; please report this`, { cause });
}

/** The contents of data segments are valid whatever they are, and may be most of the module. */
function withoutData(module: CoreModule): Uint8Array<ArrayBuffer> {
  const copy = module.copy();
  if (copy.data.length > 0) copy.data = copy.data.map(({ mode }) => ({ mode, bytes: new Uint8Array() }));
  return encodeModule(copy).toBytes();
}

/** The same for every snapshot of a component: what V8 has checked already is left out. */
function skeletonOf({ component, modules }: Rewritten): Uint8Array {
  return encodeComponent(component, (definition) => {
    const module = skeleton(modules.get(definition) ?? decodeDefinition(definition));
    if (module.hasDataCount) module.hasDataCount = false;
    if (module.data.length > 0) module.data = [];
    settleMemories(module);
    settleGlobals(module);
    return encodeModule(module).toChunks();
  }).toBytes();
}

/** How far a memory has grown does not matter: importers of it ask for no more than the input had. */
function settleMemories(module: CoreModule): void {
  if (module.memories.length === 0) return;
  module.memories = module.memories.map((type) => ({ ...type, minimum: type.maximum ?? mostPages(type) }));
}

/** Without a maximum it has the one of its address space (core specification 3.2.15); engines give up far below 2^48 pages. */
function mostPages({ is64, pageSizeLog2 }: MemoryType): bigint {
  return 1n << ((is64 ? 64n : 32n) - BigInt(pageSizeLog2 ?? 16));
}

function settleGlobals(module: CoreModule): void {
  if (module.globals.length === 0) return;
  module.globals = module.globals.map((global) => {
    const { value, mutable } = global.type;
    if (!mutable || isRefType(value)) return global;
    return { ...global, init: constExprOfBits(value, new Uint8Array(SIZES[value])) };
  });
}

const SIZES = { i32: 4, i64: 8, f32: 4, f64: 8, v128: 16 } as const;
