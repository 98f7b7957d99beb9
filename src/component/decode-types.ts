import type { ByteReader } from "../binary/reader.js";
import { decodeCoreType } from "./decode-core-types.js";
import type {
  Alias,
  Declaration,
  DefinedType,
  Entity,
  ExportDeclaration,
  ExternName,
  ExternType,
  Import,
  LabelledType,
  PrimitiveType,
  Sort,
  TypeDefinition,
  ValType,
} from "./model.js";
import { DecodeScope } from "./scope.js";
import { decodeCoreSort, decodeSort } from "./sorts.js";

export const PRIMITIVES: readonly (readonly [number, PrimitiveType])[] = [
  [0x7f, "bool"],
  [0x7e, "s8"],
  [0x7d, "u8"],
  [0x7c, "s16"],
  [0x7b, "u16"],
  [0x7a, "s32"],
  [0x79, "u32"],
  [0x78, "s64"],
  [0x77, "u64"],
  [0x76, "f32"],
  [0x75, "f64"],
  [0x74, "char"],
  [0x73, "string"],
  [0x64, "error-context"],
];

const primitiveByByte = new Map(PRIMITIVES);

export function decodeTypeDefinition(reader: ByteReader, scope: DecodeScope): TypeDefinition {
  const definition: TypeDefinition = { kind: "type", sort: "type", type: decodeDefinedType(reader, scope) };
  scope.define(definition);
  return definition;
}

function decodeDefinedType(reader: ByteReader, scope: DecodeScope): DefinedType {
  const start = reader.position;
  const byte = reader.u8();
  const valType = () => decodeValType(reader, scope);
  switch (byte) {
    case 0x72:
      return { kind: "record", fields: reader.vec("record fields", () => decodeLabelled(reader, scope)) };
    case 0x71:
      return {
        kind: "variant",
        cases: reader.vec("variant cases", () => ({
          name: reader.name("case name"),
          type: decodeOptional(reader, valType),
          tail: reader.u8(),
        })),
      };
    case 0x70:
      return { kind: "list", element: valType(), length: undefined };
    case 0x67:
      return { kind: "list", element: valType(), length: reader.u32("list length") };
    case 0x6f:
      return { kind: "tuple", types: reader.vec("tuple types", valType) };
    case 0x6e:
      return { kind: "flags", names: reader.vec("flags", () => reader.name("flag name")) };
    case 0x6d:
      return { kind: "enum", names: reader.vec("enum cases", () => reader.name("case name")) };
    case 0x6b:
      return { kind: "option", type: valType() };
    case 0x6a:
      return { kind: "result", ok: decodeOptional(reader, valType), err: decodeOptional(reader, valType) };
    case 0x69:
      return { kind: "own", resource: scope.ref("type", reader) };
    case 0x68:
      return { kind: "borrow", resource: scope.ref("type", reader) };
    case 0x66:
      return { kind: "stream", element: decodeOptional(reader, valType) };
    case 0x65:
      return { kind: "future", element: decodeOptional(reader, valType) };
    case 0x63:
      return { kind: "map", key: valType(), value: valType() };
    case 0x40:
    case 0x43:
      return {
        kind: "func",
        async: byte === 0x43,
        params: reader.vec("parameters", () => decodeLabelled(reader, scope)),
        result: decodeResultList(reader, scope),
      };
    case 0x41: {
      const inner = new DecodeScope(scope, reader);
      return {
        kind: "component",
        declarations: reader.vec("component type declarations", () => decodeDeclaration(reader, inner, true)),
      };
    }
    case 0x42: {
      const inner = new DecodeScope(scope, reader);
      return {
        kind: "instance",
        declarations: reader.vec("instance type declarations", () => decodeDeclaration(reader, inner, false)),
      };
    }
    case 0x3f:
      return {
        kind: "resource",
        representation: reader.u8(),
        destructor: decodeOptional(reader, () => scope.ref("core func", reader)),
      };
    default: {
      const type = primitiveByByte.get(byte);
      if (type === undefined) reader.fail(`unknown type 0x${byte.toString(16)}`, start);
      return { kind: "primitive", type: type as PrimitiveType };
    }
  }
}

export function decodeOptional<T>(reader: ByteReader, decode: () => T): T | undefined {
  const start = reader.position;
  const byte = reader.u8();
  if (byte === 0x00) return undefined;
  if (byte !== 0x01) reader.fail(`0x00 or 0x01 expected, 0x${byte.toString(16)} found`, start);
  return decode();
}

export function decodeValType(reader: ByteReader, scope: DecodeScope): ValType {
  const start = reader.position;
  const primitive = primitiveByByte.get(reader.peek());
  if (primitive !== undefined) {
    reader.u8();
    return primitive;
  }
  const index = reader.s33();
  if (index < 0) reader.fail("unknown value type", start);
  return scope.at("type", index, reader, start);
}

function decodeLabelled(reader: ByteReader, scope: DecodeScope): LabelledType {
  return { name: reader.name("label"), type: decodeValType(reader, scope) };
}

export function decodeResultList(reader: ByteReader, scope: DecodeScope): ValType | undefined {
  const start = reader.position;
  const byte = reader.u8();
  if (byte === 0x00) return decodeValType(reader, scope);
  if (byte !== 0x01 || reader.u8() !== 0x00) reader.fail("unknown result list", start);
  return undefined;
}

function decodeDeclaration(reader: ByteReader, scope: DecodeScope, importsAllowed: boolean): Declaration {
  const start = reader.position;
  const byte = reader.u8();
  if (byte === 0x00) return { kind: "core type", definition: decodeCoreType(reader, scope) };
  if (byte === 0x01) return { kind: "type", definition: decodeTypeDefinition(reader, scope) };
  if (byte === 0x02) return { kind: "alias", definition: decodeAlias(reader, scope) };
  if (byte === 0x03 && importsAllowed) return { kind: "import", definition: decodeImport(reader, scope) };
  if (byte === 0x04) return { kind: "export", definition: decodeExportDeclaration(reader, scope) };
  return reader.fail(`unknown declaration 0x${byte.toString(16)}`, start);
}

function decodeExportDeclaration(reader: ByteReader, scope: DecodeScope): ExportDeclaration {
  const name = decodeExternName(reader);
  const type = decodeExternType(reader, scope);
  const definition: ExportDeclaration = { kind: "export declaration", sort: sortOf(type), name, type };
  scope.define(definition);
  return definition;
}

export function decodeImport(reader: ByteReader, scope: DecodeScope): Import {
  const name = decodeExternName(reader);
  const type = decodeExternType(reader, scope);
  const definition: Import = { kind: "import", sort: sortOf(type), name, type };
  scope.define(definition);
  return definition;
}

export function decodeExternName(reader: ByteReader): ExternName {
  const start = reader.position;
  const form = reader.u8();
  if (form !== 0 && form !== 1 && form !== 2) reader.fail(`unknown name form 0x${form.toString(16)}`, start);
  const name = reader.name("import or export name");
  const attributes =
    form === 2 ? reader.vec("name attributes", () => ({ kind: reader.u8(), text: reader.name("name attribute") })) : [];
  return { name, form: form as 0 | 1 | 2, attributes };
}

export function decodeExternType(reader: ByteReader, scope: DecodeScope): ExternType {
  const start = reader.position;
  const byte = reader.u8();
  switch (byte) {
    case 0x00:
      if (reader.u8() !== 0x11) reader.fail("unknown core external type", start);
      return { kind: "core module", type: scope.ref("core type", reader) };
    case 0x01:
      return { kind: "func", type: scope.ref("type", reader) };
    case 0x02:
      // Binary.md has a bound here, which no tool writes: as wasm-tools reads and writes it, the type stands alone.
      return { kind: "value", type: decodeValType(reader, scope) };
    case 0x03:
      return decodeTypeBound(reader, scope);
    case 0x04:
      return { kind: "component", type: scope.ref("type", reader) };
    case 0x05:
      return { kind: "instance", type: scope.ref("type", reader) };
    default:
      return reader.fail(`unknown external type 0x${byte.toString(16)}`, start);
  }
}

function decodeTypeBound(reader: ByteReader, scope: DecodeScope): ExternType {
  const start = reader.position;
  const byte = reader.u8();
  if (byte === 0x00) return { kind: "type eq", type: scope.ref("type", reader) };
  if (byte === 0x01) return { kind: "sub resource" };
  return reader.fail(`unknown type bound 0x${byte.toString(16)}`, start);
}

const SORT_OF_EXTERN_TYPE: Record<ExternType["kind"], Sort> = {
  "core module": "core module",
  func: "func",
  value: "value",
  "type eq": "type",
  "sub resource": "type",
  component: "component",
  instance: "instance",
};

function sortOf(type: ExternType): Sort {
  return SORT_OF_EXTERN_TYPE[type.kind];
}

export function decodeAlias(reader: ByteReader, scope: DecodeScope): Alias {
  const sort = decodeSort(reader);
  const alias = decodeAliasTarget(reader, scope, sort);
  scope.define(alias);
  return alias;
}

function decodeAliasTarget(reader: ByteReader, scope: DecodeScope, sort: Sort): Alias {
  const start = reader.position;
  const byte = reader.u8();
  switch (byte) {
    case 0x00:
      return { kind: "export alias", sort, instance: scope.ref("instance", reader), name: reader.name("export name") };
    case 0x01:
      return {
        kind: "core export alias",
        sort,
        instance: scope.ref("core instance", reader),
        name: reader.name("export name"),
      };
    case 0x02: {
      const outer = scope.outer(reader.u32("outer alias count"), reader, start);
      return { kind: "outer alias", sort, target: outer.ref(sort, reader) };
    }
    default:
      return reader.fail(`unknown alias 0x${byte.toString(16)}`, start);
  }
}

/** `sortidx`: a sort and an index into its space. */
export function decodeSortRef(reader: ByteReader, scope: DecodeScope): Entity {
  return scope.ref(decodeSort(reader), reader);
}

export function decodeCoreSortRef(reader: ByteReader, scope: DecodeScope): Entity {
  return scope.ref(decodeCoreSort(reader), reader);
}
