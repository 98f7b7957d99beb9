import { isDeepStrictEqual } from "node:util";
import { Opcode } from "../binary/opcodes.js";
import type { Global } from "../module/definitions.js";
import type { MemoryType } from "../module/extern-types.js";
import type { CoreModule } from "../module/model.js";
import type { SectionName } from "../module/section.js";
import { isRefType } from "../module/value-types.js";

/** Sections that bodies of functions refer to. */
const BEHIND_BODIES: readonly SectionName[] = ["type", "import", "function", "table", "tag", "element", "code"];

/** Core modules whose functions' bodies are known to be valid. */
export class CompiledBodies {
  /** By the buffer that their code is in, and where in it. */
  private readonly byCode = new Map<ArrayBufferLike, Map<string, CoreModule[]>>();

  constructor(compiled: readonly CoreModule[]) {
    for (const module of new Set(compiled)) {
      const { originalCode } = module;
      if (originalCode === undefined) continue;
      const places = this.byCode.get(originalCode.buffer) ?? new Map<string, CoreModule[]>();
      this.byCode.set(originalCode.buffer, places);
      const modules = places.get(placeOf(originalCode)) ?? [];
      places.set(placeOf(originalCode), modules);
      modules.push(module);
    }
  }

  /** Whether the bodies of functions in a module are valid because they are those of one of these. */
  has(module: CoreModule): boolean {
    const { originalCode } = module;
    const candidates = originalCode && this.byCode.get(originalCode.buffer)?.get(placeOf(originalCode));
    return candidates?.some((compiled) => hasBodiesOf(module, compiled)) ?? false;
  }
}

function placeOf({ byteOffset, length }: Uint8Array): string {
  return `${byteOffset}:${length}`;
}

/**
 * Whether the bodies of functions in a module are valid because those of another one are: they are the same bytes of the
 * input, and so is all that they are checked against, but for what a snapshot changes without a difference to them.
 */
export function hasBodiesOf(module: CoreModule, compiled: CoreModule): boolean {
  return (
    BEHIND_BODIES.every((name) => isSameSection(module, compiled, name)) &&
    !mayTakeReference(module.originalCode, undeclared(module, compiled)) &&
    isDeepStrictEqual(module.memories.map(withoutSize), compiled.memories.map(withoutSize)) &&
    isDeepStrictEqual(module.globals.map(declared), compiled.globals.map(declared)) &&
    module.hasDataCount === compiled.hasDataCount &&
    (module.dataCount ?? 0) >= (compiled.dataCount ?? 0)
  );
}

function isSameSection(module: CoreModule, compiled: CoreModule, name: SectionName): boolean {
  const [a, b] = [module.slot(name), compiled.slot(name)];
  if (!a.isPresent && !b.isPresent) return true;
  const [left, right] = [a.original, b.original];
  if (left === undefined || right === undefined) return false;
  return left.buffer === right.buffer && left.byteOffset === right.byteOffset && left.length === right.length;
}

function withoutSize({ minimum: _, ...type }: MemoryType): Omit<MemoryType, "minimum"> {
  return type;
}

/** A reference's initial value declares functions. */
function declared({ type, init }: Global) {
  return isRefType(type.value) ? { type, init } : { type };
}

/**
 * Functions that the other module exports and this one does not: an export declares what `ref.func` may take (core
 * specification 3.4.10), as do elements and initial values, which are the same.
 */
function undeclared(module: CoreModule, compiled: CoreModule): ReadonlySet<number> {
  if (isSameSection(module, compiled, "export")) return new Set();
  const functions = ({ exports }: CoreModule) => exports.flatMap(({ kind, index }) => (kind === "func" ? [index] : []));
  const missing = new Set(functions(compiled));
  for (const func of functions(module)) missing.delete(func);
  return missing;
}

/** Whether there may be a `ref.func` of one of some functions: its opcode and the index, in whatever bytes these are. */
function mayTakeReference(code: Uint8Array | undefined, functions: ReadonlySet<number>): boolean {
  if (code === undefined || functions.size === 0) return false;
  for (let at = code.indexOf(Opcode.refFunc); at >= 0; at = code.indexOf(Opcode.refFunc, at + 1)) {
    if (functions.has(lebAt(code, at + 1))) return true;
  }
  return false;
}

function lebAt(bytes: Uint8Array, start: number): number {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[start + i] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) break;
  }
  return value;
}
