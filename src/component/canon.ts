import type { ByteReader } from "../binary/reader.js";
import type { ByteWriter } from "../binary/writer.js";
import { decodeResultList } from "./decode-types.js";
import { encodeResultList } from "./encode-types.js";
import type { Canon, CanonImmediate, CanonOption, Sort } from "./model.js";
import type { DecodeScope, IndexResolver } from "./scope.js";

/** What follows the opcode of a built-in. */
type ImmediateShape = "type" | "core type" | "core table" | "core memory" | "options" | "result" | "u32" | "byte";

/**
 * The built-ins of Binary.md's canonical definitions. The thread-spawning ones are written without a `shared?` byte, as
 * wasm-tools reads and writes them. 0x08 is no longer in the text but in components of 2025.
 */
const BUILTINS = new Map<number, { name: string; immediates: readonly ImmediateShape[] }>([
  [0x02, { name: "resource.new", immediates: ["type"] }],
  [0x03, { name: "resource.drop", immediates: ["type"] }],
  [0x04, { name: "resource.rep", immediates: ["type"] }],
  [0x05, { name: "task.cancel", immediates: [] }],
  [0x06, { name: "subtask.cancel", immediates: ["byte"] }],
  [0x07, { name: "resource.drop async", immediates: ["type"] }],
  [0x08, { name: "backpressure.set", immediates: [] }],
  [0x09, { name: "task.return", immediates: ["result", "options"] }],
  [0x0a, { name: "context.get", immediates: ["byte", "u32"] }],
  [0x0b, { name: "context.set", immediates: ["byte", "u32"] }],
  [0x0c, { name: "thread.yield", immediates: ["byte"] }],
  [0x0d, { name: "subtask.drop", immediates: [] }],
  [0x0e, { name: "stream.new", immediates: ["type"] }],
  [0x0f, { name: "stream.read", immediates: ["type", "options"] }],
  [0x10, { name: "stream.write", immediates: ["type", "options"] }],
  [0x11, { name: "stream.cancel-read", immediates: ["type", "byte"] }],
  [0x12, { name: "stream.cancel-write", immediates: ["type", "byte"] }],
  [0x13, { name: "stream.drop-readable", immediates: ["type"] }],
  [0x14, { name: "stream.drop-writable", immediates: ["type"] }],
  [0x15, { name: "future.new", immediates: ["type"] }],
  [0x16, { name: "future.read", immediates: ["type", "options"] }],
  [0x17, { name: "future.write", immediates: ["type", "options"] }],
  [0x18, { name: "future.cancel-read", immediates: ["type", "byte"] }],
  [0x19, { name: "future.cancel-write", immediates: ["type", "byte"] }],
  [0x1a, { name: "future.drop-readable", immediates: ["type"] }],
  [0x1b, { name: "future.drop-writable", immediates: ["type"] }],
  [0x1c, { name: "error-context.new", immediates: ["options"] }],
  [0x1d, { name: "error-context.debug-message", immediates: ["options"] }],
  [0x1e, { name: "error-context.drop", immediates: [] }],
  [0x1f, { name: "waitable-set.new", immediates: [] }],
  [0x20, { name: "waitable-set.wait", immediates: ["byte", "core memory"] }],
  [0x21, { name: "waitable-set.poll", immediates: ["byte", "core memory"] }],
  [0x22, { name: "waitable-set.drop", immediates: [] }],
  [0x23, { name: "waitable.join", immediates: [] }],
  [0x24, { name: "backpressure.inc", immediates: [] }],
  [0x25, { name: "backpressure.dec", immediates: [] }],
  [0x26, { name: "thread.index", immediates: [] }],
  [0x27, { name: "thread.new-indirect", immediates: ["core type", "core table"] }],
  [0x28, { name: "thread.resume-later", immediates: [] }],
  [0x29, { name: "thread.suspend", immediates: ["byte"] }],
  [0x2a, { name: "thread.suspend-then-resume", immediates: ["byte"] }],
  [0x2b, { name: "thread.yield-then-resume", immediates: ["byte"] }],
  [0x2c, { name: "thread.suspend-then-promote", immediates: ["byte"] }],
  [0x2d, { name: "thread.yield-then-promote", immediates: ["byte"] }],
  [0x40, { name: "thread.spawn-ref", immediates: ["core type"] }],
  [0x41, { name: "thread.spawn-indirect", immediates: ["core type", "core table"] }],
  [0x42, { name: "thread.available-parallelism", immediates: [] }],
]);

export function decodeCanon(reader: ByteReader, scope: DecodeScope): Canon {
  const canon = decodeCanonShape(reader, scope);
  scope.define(canon);
  return canon;
}

function decodeCanonShape(reader: ByteReader, scope: DecodeScope): Canon {
  const start = reader.position;
  const opcode = reader.u8();
  if (opcode === 0x00 || opcode === 0x01) {
    if (reader.u8() !== 0x00) reader.fail("unknown canonical definition", start);
    if (opcode === 0x01) {
      const func = scope.ref("func", reader);
      return { kind: "lower", sort: "core func", func, options: decodeOptions(reader, scope) };
    }
    const func = scope.ref("core func", reader);
    const options = decodeOptions(reader, scope);
    return { kind: "lift", sort: "func", func, options, type: scope.ref("type", reader) };
  }
  const builtin = BUILTINS.get(opcode);
  if (builtin === undefined) return reader.fail(`unknown canonical built-in 0x${opcode.toString(16)}`, start);
  const immediates = builtin.immediates.map((shape) => decodeImmediate(shape, reader, scope));
  return { kind: "builtin", sort: "core func", opcode, name: builtin.name, immediates };
}

function decodeImmediate(shape: ImmediateShape, reader: ByteReader, scope: DecodeScope): CanonImmediate {
  switch (shape) {
    case "options":
      return { kind: "options", options: decodeOptions(reader, scope) };
    case "result":
      return { kind: "result", result: decodeResultList(reader, scope) };
    case "u32":
      return { kind: "u32", value: reader.u32() };
    case "byte":
      return { kind: "byte", value: reader.u8() };
    default:
      return { kind: "entity", entity: scope.ref(shape, reader) };
  }
}

const PLAIN_OPTIONS = ["utf8", "utf16", "latin1+utf16"] as const;

const ENTITY_OPTIONS = new Map<
  number,
  { kind: "memory" | "realloc" | "post-return" | "callback" | "core-type"; sort: Sort }
>([
  [0x03, { kind: "memory", sort: "core memory" }],
  [0x04, { kind: "realloc", sort: "core func" }],
  [0x05, { kind: "post-return", sort: "core func" }],
  [0x07, { kind: "callback", sort: "core func" }],
  [0x08, { kind: "core-type", sort: "core type" }],
]);

function decodeOptions(reader: ByteReader, scope: DecodeScope): CanonOption[] {
  return reader.vec("canonical options", () => decodeOption(reader, scope));
}

function decodeOption(reader: ByteReader, scope: DecodeScope): CanonOption {
  const start = reader.position;
  const byte = reader.u8();
  const plain = PLAIN_OPTIONS[byte];
  if (plain !== undefined) return { kind: plain };
  if (byte === 0x06) return { kind: "async" };
  if (byte === 0x09) return { kind: "gc" };
  const option = ENTITY_OPTIONS.get(byte);
  if (option === undefined) return reader.fail(`unknown canonical option 0x${byte.toString(16)}`, start);
  return { kind: option.kind, entity: scope.ref(option.sort, reader) };
}

export function encodeCanon(canon: Canon, writer: ByteWriter, scope: IndexResolver): void {
  if (canon.kind === "lift") {
    writer.u8(0x00).u8(0x00).u32(scope.index(canon.func));
    encodeOptions(canon.options, writer, scope);
    writer.u32(scope.index(canon.type));
  } else if (canon.kind === "lower") {
    writer.u8(0x01).u8(0x00).u32(scope.index(canon.func));
    encodeOptions(canon.options, writer, scope);
  } else {
    writer.u8(canon.opcode);
    for (const immediate of canon.immediates) encodeImmediate(immediate, writer, scope);
  }
  scope.define(canon);
}

function encodeImmediate(immediate: CanonImmediate, writer: ByteWriter, scope: IndexResolver): void {
  if (immediate.kind === "options") encodeOptions(immediate.options, writer, scope);
  else if (immediate.kind === "result") encodeResultList(immediate.result, writer, scope);
  else if (immediate.kind === "u32") writer.u32(immediate.value);
  else if (immediate.kind === "byte") writer.u8(immediate.value);
  else writer.u32(scope.index(immediate.entity));
}

function encodeOptions(options: readonly CanonOption[], writer: ByteWriter, scope: IndexResolver): void {
  writer.vec(options, (option) => encodeOption(option, writer, scope));
}

function encodeOption(option: CanonOption, writer: ByteWriter, scope: IndexResolver): void {
  if (!("entity" in option)) {
    writer.u8(option.kind === "async" ? 0x06 : option.kind === "gc" ? 0x09 : PLAIN_OPTIONS.indexOf(option.kind));
    return;
  }
  for (const [byte, { kind }] of ENTITY_OPTIONS) {
    if (kind === option.kind) writer.u8(byte).u32(scope.index(option.entity));
  }
}
