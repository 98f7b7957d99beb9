import type { ByteWriter } from "../binary/writer.js";
import type {
  CoreCompositeType,
  CoreExternType,
  CoreFieldType,
  CoreModuleDeclaration,
  CoreSubtype,
  CoreTypeDefinition,
  CoreValueType,
} from "./model.js";
import type { IndexResolver } from "./scope.js";

/**
 * @param inModuleType - Inside a module type 0x50 can only mean `sub`; elsewhere `sub` needs the prefix 0x00 (Binary.md).
 */
export function encodeCoreType(
  definition: CoreTypeDefinition,
  writer: ByteWriter,
  scope: IndexResolver,
  inModuleType = false,
): void {
  // The types of a recursion group may refer to each other, so all of them are in scope before the first is written.
  for (const type of definition.types) scope.define(type);
  if (definition.shape === "recursion group") writer.u8(0x4e).u32(definition.types.length);
  for (const { type } of definition.types) {
    if (type.kind === "subtype") {
      encodeSubtype(type, writer, scope, definition.shape === "single" && !inModuleType);
    } else {
      const inner = scope.nested();
      writer.u8(0x50).vec(type.declarations, (declaration) => encodeModuleDecl(declaration, writer, inner));
    }
  }
}

function encodeSubtype(type: CoreSubtype, writer: ByteWriter, scope: IndexResolver, prefixed: boolean): void {
  if (type.form !== "plain") {
    if (type.form === "open" && prefixed) writer.u8(0x00);
    writer.u8(type.form === "final" ? 0x4f : 0x50);
    writer.vec(type.supertypes, (supertype) => writer.u32(scope.index(supertype)));
  }
  if (type.shared) writer.u8(0x65);
  encodeComposite(type.type, writer, scope);
}

function encodeComposite(type: CoreCompositeType, writer: ByteWriter, scope: IndexResolver): void {
  const valueType = (inner: CoreValueType) => encodeValueType(inner, writer, scope);
  switch (type.kind) {
    case "func":
      writer.u8(0x60).vec(type.params, valueType).vec(type.results, valueType);
      break;
    case "struct":
      writer.u8(0x5f).vec(type.fields, (field) => encodeField(field, writer, scope));
      break;
    case "array":
      encodeField(type.element, writer.u8(0x5e), scope);
      break;
    case "cont":
      writer.u8(0x5d).u32(scope.index(type.type));
      break;
  }
}

function encodeField(field: CoreFieldType, writer: ByteWriter, scope: IndexResolver): void {
  encodeValueType(field.type, writer, scope);
  writer.u8(field.mutability);
}

function encodeValueType(type: CoreValueType, writer: ByteWriter, scope: IndexResolver): void {
  if (typeof type === "number") {
    writer.u8(type);
    return;
  }
  if ("sharedHeap" in type) {
    writer.u8(0x65).u8(type.sharedHeap);
    return;
  }
  writer.u8(type.nullable ? 0x63 : 0x64);
  if (type.shared) writer.u8(0x65);
  writer.s33(typeof type.heap === "number" ? type.heap : scope.index(type.heap));
}

function encodeModuleDecl(declaration: CoreModuleDeclaration, writer: ByteWriter, scope: IndexResolver): void {
  switch (declaration.kind) {
    case "import":
      writer.u8(0x00).name(declaration.module).name(declaration.name);
      encodeCoreExternType(declaration.type, writer, scope);
      break;
    case "type":
      encodeCoreType(declaration.definition, writer.u8(0x01), scope, true);
      break;
    case "outer alias": {
      const { count, index } = scope.outer(declaration.entity.target);
      writer.u8(0x02).u8(0x10).u8(0x01).u32(count).u32(index);
      scope.define(declaration.entity);
      break;
    }
    case "export":
      encodeCoreExternType(declaration.type, writer.u8(0x03).name(declaration.name), scope);
      break;
  }
}

function encodeCoreExternType(type: CoreExternType, writer: ByteWriter, scope: IndexResolver): void {
  switch (type.kind) {
    case "func":
      writer.u8(type.exact ? 0x20 : 0x00).u32(scope.index(type.type));
      break;
    case "table":
      encodeValueType(type.element, writer.u8(0x01), scope);
      writer.bytes(type.limits);
      break;
    case "memory":
      writer.u8(0x02).bytes(type.limits);
      break;
    case "global":
      encodeValueType(type.type, writer.u8(0x03), scope);
      writer.u8(type.mutability);
      break;
    case "tag":
      writer.u8(0x04).u8(type.attribute).u32(scope.index(type.type));
      break;
  }
}
