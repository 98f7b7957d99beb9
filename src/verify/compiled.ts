import { isDeepStrictEqual } from "node:util";
import { Opcode } from "../binary/opcodes.js";
import type { Global } from "../module/definitions.js";
import type { MemoryType } from "../module/extern-types.js";
import type { CoreModule } from "../module/model.js";
import type { SectionName } from "../module/section.js";
import { isRefType } from "../module/value-types.js";

/** Sections that bodies of functions refer to. */
const BEHIND_BODIES: readonly SectionName[] = ["type", "import", "function", "table", "tag", "element", "code"];

/**
 * Whether the bodies of functions in a module are valid because those of another one are: they are the same bytes of the
 * input, and so is all that they are checked against, but for what a snapshot changes without a difference to them.
 */
export function hasBodiesOf(module: CoreModule, compiled: CoreModule): boolean {
  return (
    BEHIND_BODIES.every((name) => isSameSection(module, compiled, name)) &&
    undeclared(module, compiled).every((func) => !mayTakeReference(module.originalCode as Uint8Array, func)) &&
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
function undeclared(module: CoreModule, compiled: CoreModule): number[] {
  if (isSameSection(module, compiled, "export")) return [];
  const functions = ({ exports }: CoreModule) =>
    exports.filter(({ kind }) => kind === "func").map(({ index }) => index);
  const left = new Set(functions(module));
  return functions(compiled).filter((index) => !left.has(index));
}

/** Whether there may be a `ref.func` of a function in a code section: its opcode and the index, in whatever bytes these are. */
function mayTakeReference(code: Uint8Array, func: number): boolean {
  for (let at = code.indexOf(Opcode.refFunc); at >= 0; at = code.indexOf(Opcode.refFunc, at + 1)) {
    if (lebAt(code, at + 1) === func) return true;
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
