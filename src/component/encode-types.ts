import type { ByteWriter } from "../binary/writer.js";
import { PRIMITIVES } from "./decode-types.js";
import { encodeCoreType } from "./encode-core-types.js";
import type {
  Alias,
  Declaration,
  DefinedType,
  Entity,
  ExternName,
  ExternType,
  Import,
  LabelledType,
  TypeDefinition,
  ValType,
} from "./model.js";
import type { IndexResolver } from "./scope.js";
import { encodeCoreSort, encodeSort } from "./sorts.js";

const byteOfPrimitive = new Map<string, number>(PRIMITIVES.map(([byte, name]) => [name, byte]));

export function encodeTypeDefinition(definition: TypeDefinition, writer: ByteWriter, scope: IndexResolver): void {
  encodeDefinedType(definition.type, writer, scope);
  scope.define(definition);
}

function encodeDefinedType(type: DefinedType, writer: ByteWriter, scope: IndexResolver): void {
  const valType = (inner: ValType) => encodeValType(inner, writer, scope);
  switch (type.kind) {
    case "primitive":
      writer.u8(byteOfPrimitive.get(type.type) as number);
      break;
    case "record":
      writer.u8(0x72).vec(type.fields, (field) => encodeLabelled(field, writer, scope));
      break;
    case "variant":
      writer.u8(0x71).vec(type.cases, (one) => {
        writer.name(one.name);
        encodeOptional(one.type, writer, valType);
        writer.u8(one.tail);
      });
      break;
    case "list":
      writer.u8(type.length === undefined ? 0x70 : 0x67);
      valType(type.element);
      if (type.length !== undefined) writer.u32(type.length);
      break;
    case "tuple":
      writer.u8(0x6f).vec(type.types, valType);
      break;
    case "flags":
      writer.u8(0x6e).vec(type.names, (name) => writer.name(name));
      break;
    case "enum":
      writer.u8(0x6d).vec(type.names, (name) => writer.name(name));
      break;
    case "option":
      writer.u8(0x6b);
      valType(type.type);
      break;
    case "result":
      writer.u8(0x6a);
      encodeOptional(type.ok, writer, valType);
      encodeOptional(type.err, writer, valType);
      break;
    case "own":
      writer.u8(0x69).u32(scope.index(type.resource));
      break;
    case "borrow":
      writer.u8(0x68).u32(scope.index(type.resource));
      break;
    case "stream":
      encodeOptional(type.element, writer.u8(0x66), valType);
      break;
    case "future":
      encodeOptional(type.element, writer.u8(0x65), valType);
      break;
    case "map":
      writer.u8(0x63);
      valType(type.key);
      valType(type.value);
      break;
    case "func":
      writer.u8(type.async ? 0x43 : 0x40).vec(type.params, (param) => encodeLabelled(param, writer, scope));
      encodeResultList(type.result, writer, scope);
      break;
    case "component":
      encodeDeclarations(type.declarations, writer.u8(0x41), scope.nested());
      break;
    case "instance":
      encodeDeclarations(type.declarations, writer.u8(0x42), scope.nested());
      break;
    case "resource":
      writer.u8(0x3f).u8(type.representation);
      encodeOptional(type.destructor, writer, (destructor) => writer.u32(scope.index(destructor)));
      break;
  }
}

export function encodeOptional<T>(value: T | undefined, writer: ByteWriter, encode: (value: T) => void): void {
  if (value === undefined) {
    writer.u8(0x00);
  } else {
    writer.u8(0x01);
    encode(value);
  }
}

export function encodeValType(type: ValType, writer: ByteWriter, scope: IndexResolver): void {
  if (typeof type === "string") writer.u8(byteOfPrimitive.get(type) as number);
  else writer.s33(scope.index(type));
}

function encodeLabelled(labelled: LabelledType, writer: ByteWriter, scope: IndexResolver): void {
  writer.name(labelled.name);
  encodeValType(labelled.type, writer, scope);
}

export function encodeResultList(result: ValType | undefined, writer: ByteWriter, scope: IndexResolver): void {
  if (result === undefined) {
    writer.u8(0x01).u8(0x00);
  } else {
    writer.u8(0x00);
    encodeValType(result, writer, scope);
  }
}

function encodeDeclarations(declarations: readonly Declaration[], writer: ByteWriter, scope: IndexResolver): void {
  writer.vec(declarations, (declaration) => encodeDeclaration(declaration, writer, scope));
}

function encodeDeclaration(declaration: Declaration, writer: ByteWriter, scope: IndexResolver): void {
  switch (declaration.kind) {
    case "core type":
      encodeCoreType(declaration.definition, writer.u8(0x00), scope);
      break;
    case "type":
      encodeTypeDefinition(declaration.definition, writer.u8(0x01), scope);
      break;
    case "alias":
      encodeAlias(declaration.definition, writer.u8(0x02), scope);
      break;
    case "import":
      encodeImport(declaration.definition, writer.u8(0x03), scope);
      break;
    case "export":
      encodeExternName(declaration.definition.name, writer.u8(0x04));
      encodeExternType(declaration.definition.type, writer, scope);
      scope.define(declaration.definition);
      break;
  }
}

export function encodeImport(definition: Import, writer: ByteWriter, scope: IndexResolver): void {
  encodeExternName(definition.name, writer);
  encodeExternType(definition.type, writer, scope);
  scope.define(definition);
}

export function encodeExternName(name: ExternName, writer: ByteWriter): void {
  writer.u8(name.form).name(name.name);
  if (name.form === 2) writer.vec(name.attributes, (attribute) => writer.u8(attribute.kind).name(attribute.text));
}

export function encodeExternType(type: ExternType, writer: ByteWriter, scope: IndexResolver): void {
  switch (type.kind) {
    case "core module":
      writer.u8(0x00).u8(0x11).u32(scope.index(type.type));
      break;
    case "func":
      writer.u8(0x01).u32(scope.index(type.type));
      break;
    case "value":
      encodeValType(type.type, writer.u8(0x02), scope);
      break;
    case "type eq":
      writer.u8(0x03).u8(0x00).u32(scope.index(type.type));
      break;
    case "sub resource":
      writer.u8(0x03).u8(0x01);
      break;
    case "component":
      writer.u8(0x04).u32(scope.index(type.type));
      break;
    case "instance":
      writer.u8(0x05).u32(scope.index(type.type));
      break;
  }
}

export function encodeAlias(alias: Alias, writer: ByteWriter, scope: IndexResolver): void {
  encodeSort(alias.sort, writer);
  if (alias.kind === "outer alias") {
    const { count, index } = scope.outer(alias.target);
    writer.u8(0x02).u32(count).u32(index);
  } else {
    writer
      .u8(alias.kind === "export alias" ? 0x00 : 0x01)
      .u32(scope.index(alias.instance))
      .name(alias.name);
  }
  scope.define(alias);
}

export function encodeSortRef(entity: Entity, writer: ByteWriter, scope: IndexResolver): void {
  encodeSort(entity.sort, writer);
  writer.u32(scope.index(entity));
}

export function encodeCoreSortRef(entity: Entity, writer: ByteWriter, scope: IndexResolver): void {
  encodeCoreSort(entity.sort, writer);
  writer.u32(scope.index(entity));
}
