import type { ByteReader } from "../binary/reader.js";
import type {
  CoreCompositeType,
  CoreExternType,
  CoreFieldType,
  CoreModuleDeclaration,
  CoreModuleType,
  CoreSubtype,
  CoreTypeDefinition,
  CoreTypeEntity,
  CoreValueType,
  OuterAlias,
} from "./model.js";
import { DecodeScope } from "./scope.js";

/** Stands in a recursion group for the types of the group while they are read. */
const PENDING = { kind: "module", declarations: [] } as const satisfies CoreModuleType;

/** `core:deftype` of Binary.md, at the top level of a component, component type or instance type. */
export function decodeCoreType(reader: ByteReader, scope: DecodeScope): CoreTypeDefinition {
  if (reader.peek() === 0x50) {
    reader.u8();
    return single(scope, decodeModuleType(reader, scope));
  }
  return decodeRecursiveType(reader, scope);
}

function single(scope: DecodeScope, type: CoreModuleType): CoreTypeDefinition {
  const entity: CoreTypeEntity = { kind: "core type entity", sort: "core type", type };
  scope.define(entity);
  return { kind: "core type", types: [entity], shape: "single" };
}

function decodeRecursiveType(reader: ByteReader, scope: DecodeScope): CoreTypeDefinition {
  const isGroup = reader.peek() === 0x4e;
  if (isGroup) reader.u8();
  const length = isGroup ? reader.count("types in the recursion group") : 1;
  const types: CoreTypeEntity[] = [];
  for (let i = 0; i < length; i++) {
    types.push({ kind: "core type entity", sort: "core type", type: PENDING });
  }
  for (const type of types) scope.define(type);
  for (const type of types) type.type = decodeSubtype(reader, scope);
  return { kind: "core type", types, shape: isGroup ? "recursion group" : "single" };
}

function decodeSubtype(reader: ByteReader, scope: DecodeScope): CoreSubtype {
  const start = reader.position;
  const byte = reader.peek();
  if (byte === 0x00 || byte === 0x50 || byte === 0x4f) {
    reader.u8();
    // Binary.md: a non-final `sub` is written `0x00 0x50` here, because 0x50 alone is a module type.
    if (byte === 0x00 && reader.u8() !== 0x50) reader.fail("unknown core type", start);
    const supertypes = reader.vec("supertypes", () => scope.ref("core type", reader));
    const { shared, type } = decodeSharedComposite(reader, scope);
    return { kind: "subtype", form: byte === 0x4f ? "final" : "open", supertypes, shared, type };
  }
  const { shared, type } = decodeSharedComposite(reader, scope);
  return { kind: "subtype", form: "plain", supertypes: [], shared, type };
}

function decodeSharedComposite(reader: ByteReader, scope: DecodeScope): { shared: boolean; type: CoreCompositeType } {
  const shared = reader.peek() === 0x65;
  if (shared) reader.u8();
  return { shared, type: decodeComposite(reader, scope) };
}

function decodeComposite(reader: ByteReader, scope: DecodeScope): CoreCompositeType {
  const start = reader.position;
  const byte = reader.u8();
  switch (byte) {
    case 0x60:
      return {
        kind: "func",
        params: reader.vec("parameters", () => decodeCoreValueType(reader, scope)),
        results: reader.vec("results", () => decodeCoreValueType(reader, scope)),
      };
    case 0x5f:
      return { kind: "struct", fields: reader.vec("fields", () => decodeField(reader, scope)) };
    case 0x5e:
      return { kind: "array", element: decodeField(reader, scope) };
    case 0x5d:
      return { kind: "cont", type: scope.ref("core type", reader) };
    default:
      return reader.fail(`unknown core type 0x${byte.toString(16)}`, start);
  }
}

function decodeField(reader: ByteReader, scope: DecodeScope): CoreFieldType {
  return { type: decodeCoreValueType(reader, scope), mutability: reader.u8() };
}

function decodeCoreValueType(reader: ByteReader, scope: DecodeScope): CoreValueType {
  const byte = reader.u8();
  if (byte === 0x65) return { sharedHeap: reader.u8() };
  if (byte !== 0x63 && byte !== 0x64) return byte;
  const shared = reader.peek() === 0x65;
  if (shared) reader.u8();
  const start = reader.position;
  const heap = reader.s33();
  return { nullable: byte === 0x63, shared, heap: heap < 0 ? heap : scope.at("core type", heap, reader, start) };
}

function decodeModuleType(reader: ByteReader, parent: DecodeScope): CoreModuleType {
  // Explainer.md: a module type starts with an empty type index space; outer types come in by alias.
  const scope = new DecodeScope(parent, reader);
  return {
    kind: "module",
    declarations: reader.vec("module type declarations", () => decodeModuleDecl(reader, scope)),
  };
}

function decodeModuleDecl(reader: ByteReader, scope: DecodeScope): CoreModuleDeclaration {
  const start = reader.position;
  const byte = reader.u8();
  switch (byte) {
    case 0x00:
      return {
        kind: "import",
        module: reader.name("import module"),
        name: reader.name("import name"),
        type: decodeCoreExternType(reader, scope),
      };
    case 0x01:
      return { kind: "type", definition: decodeRecursiveType(reader, scope) };
    case 0x02:
      return { kind: "outer alias", entity: decodeModuleTypeAlias(reader, scope) };
    case 0x03:
      return { kind: "export", name: reader.name("export name"), type: decodeCoreExternType(reader, scope) };
    default:
      return reader.fail(`unknown module type declaration 0x${byte.toString(16)}`, start);
  }
}

function decodeModuleTypeAlias(reader: ByteReader, scope: DecodeScope): OuterAlias {
  const start = reader.position;
  if (reader.u8() !== 0x10 || reader.u8() !== 0x01) reader.fail("unknown alias in a module type", start);
  const outer = scope.outer(reader.u32("outer alias count"), reader, start);
  const entity: OuterAlias = { kind: "outer alias", sort: "core type", target: outer.ref("core type", reader) };
  scope.define(entity);
  return entity;
}

function decodeCoreExternType(reader: ByteReader, scope: DecodeScope): CoreExternType {
  const start = reader.position;
  const byte = reader.u8();
  switch (byte) {
    case 0x00:
    case 0x20:
      return { kind: "func", type: scope.ref("core type", reader), exact: byte === 0x20 };
    case 0x01:
      return { kind: "table", element: decodeCoreValueType(reader, scope), limits: decodeLimits(reader) };
    case 0x02:
      return { kind: "memory", limits: decodeLimits(reader) };
    case 0x03:
      return { kind: "global", type: decodeCoreValueType(reader, scope), mutability: reader.u8() };
    case 0x04:
      return { kind: "tag", attribute: reader.u8(), type: scope.ref("core type", reader) };
    default:
      return reader.fail(`unknown core external type 0x${byte.toString(16)}`, start);
  }
}

/** Limits hold no references, so they stay bytes: flag 0x01 maximum, 0x04 64 bit, 0x08 custom page size. */
function decodeLimits(reader: ByteReader): Uint8Array {
  const start = reader.position;
  const flags = reader.u8();
  reader.u64("limits minimum");
  if (flags & 0x01) reader.u64("limits maximum");
  if (flags & 0x08) reader.u32("page size");
  return reader.since(start);
}
