import { ByteReader } from "../binary/reader.js";
import { ComponentInitError } from "../errors.js";
import { describeKind, fileKind } from "../file-kind.js";
import { decodeCanon } from "./canon.js";
import { decodeCoreType } from "./decode-core-types.js";
import {
  decodeAlias,
  decodeCoreSortRef,
  decodeExternName,
  decodeExternType,
  decodeImport,
  decodeOptional,
  decodeSortRef,
  decodeTypeDefinition,
  decodeValType,
} from "./decode-types.js";
import type {
  Component,
  ComponentSection,
  CoreInstance,
  CoreModuleDefinition,
  CustomSection,
  Definition,
  Export,
  Instance,
  SectionKind,
  Start,
  StartResult,
  ValueDefinition,
} from "./model.js";
import { COMPONENT_NAMES, decodeComponentNames } from "./names.js";
import { DecodeScope } from "./scope.js";

const WASM_MAGIC = [0x00, 0x61, 0x73, 0x6d];
const COMPONENT_VERSION = [0x0d, 0x00, 0x01, 0x00];
const MODULE_VERSION = [0x01, 0x00, 0x00, 0x00];

/** Section ids of Binary.md. */
export const SECTION_KINDS: readonly SectionKind[] = [
  "custom",
  "core module",
  "core instance",
  "core type",
  "component",
  "instance",
  "alias",
  "type",
  "canon",
  "start",
  "import",
  "export",
  "value",
];

/**
 * Decodes a component. Core modules and custom sections stay ranges of `bytes`.
 *
 * @throws {@link ComponentInitError} `not-a-component` or `malformed`
 */
export function decodeComponent(bytes: Uint8Array): Component {
  checkIsComponent(bytes);
  return decodeSections(new ByteReader(bytes, 8), undefined);
}

function startsWith(bytes: Uint8Array, prefix: readonly number[], at = 0): boolean {
  return prefix.every((byte, i) => bytes[at + i] === byte);
}

/** Whether bytes have the header of a component. */
export function isComponent(bytes: Uint8Array): boolean {
  return startsWith(bytes, WASM_MAGIC) && startsWith(bytes, COMPONENT_VERSION, 4);
}

/** Whether bytes have the header of a core module. */
export function isCoreModule(bytes: Uint8Array): boolean {
  return startsWith(bytes, WASM_MAGIC) && startsWith(bytes, MODULE_VERSION, 4);
}

function checkIsComponent(bytes: Uint8Array): void {
  if (isComponent(bytes)) return;
  throw new ComponentInitError("not-a-component", `the input is not a WebAssembly component: ${describe(bytes)}`);
}

function describe(bytes: Uint8Array): string {
  if (startsWith(bytes, WASM_MAGIC)) {
    if (isCoreModule(bytes)) {
      return "it is a core module; make it a component with `wasm-tools component new` or `jco new`";
    }
    if (bytes.length < 8) return "it ends inside the 8 byte header";
    const version = [...bytes.subarray(4, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    return `its version is ${version} (0d 00 01 00 is expected)`;
  }
  if (bytes.length === 0) return "it is empty";
  const kind = fileKind(bytes);
  return kind === undefined ? "it does not start with 00 61 73 6d" : `it is ${describeKind(kind)}`;
}

function decodeSections(reader: ByteReader, parent: DecodeScope | undefined): Component {
  const scope = new DecodeScope(parent, reader);
  const sections: ComponentSection[] = [];
  while (!reader.done) {
    const start = reader.position;
    const id = reader.u8();
    const kind = SECTION_KINDS[id];
    if (kind === undefined) reader.fail(`unknown component section ${id}`, start);
    const body = reader.sub(reader.u32("section length"), `section ${id} (${kind})`);
    sections.push(decodeSection(kind as SectionKind, body, scope));
  }
  return { sections: sections.map((section) => resolveNames(section, scope)) };
}

function resolveNames(section: ComponentSection, scope: DecodeScope): ComponentSection {
  const [first] = section.definitions;
  if (first?.kind !== "custom" || first.name !== COMPONENT_NAMES) return section;
  return { kind: "custom", definitions: [decodeComponentNames(first, scope)] };
}

function decodeSection(kind: SectionKind, reader: ByteReader, scope: DecodeScope): ComponentSection {
  const definitions = decodeDefinitions(kind, reader, scope);
  reader.expectEnd(`section (${kind})`);
  return { kind, definitions };
}

function decodeDefinitions(kind: SectionKind, reader: ByteReader, scope: DecodeScope): Definition[] {
  switch (kind) {
    case "custom":
      return [decodeCustom(reader)];
    case "core module":
      return [decodeCoreModule(reader, scope)];
    case "core instance":
      return reader.vec("core instances", () => decodeCoreInstance(reader, scope));
    case "core type":
      return reader.vec("core types", () => decodeCoreType(reader, scope));
    case "component":
      return [decodeNested(reader, scope)];
    case "instance":
      return reader.vec("instances", () => decodeInstance(reader, scope));
    case "alias":
      return reader.vec("aliases", () => decodeAlias(reader, scope));
    case "type":
      return reader.vec("types", () => decodeTypeDefinition(reader, scope));
    case "canon":
      return reader.vec("canonical definitions", () => decodeCanon(reader, scope));
    case "start":
      return [decodeStart(reader, scope)];
    case "import":
      return reader.vec("imports", () => decodeImport(reader, scope));
    case "export":
      return reader.vec("exports", () => decodeExport(reader, scope));
    case "value":
      return reader.vec("values", () => decodeValue(reader, scope));
  }
}

function decodeCustom(reader: ByteReader): CustomSection {
  return { kind: "custom", name: reader.name("custom section name"), contents: reader.take(reader.remaining) };
}

function decodeCoreModule(reader: ByteReader, scope: DecodeScope): CoreModuleDefinition {
  const offset = reader.offset;
  const definition: CoreModuleDefinition = {
    kind: "core module",
    sort: "core module",
    chunks: [reader.take(reader.remaining)],
    offset,
  };
  scope.define(definition);
  return definition;
}

function decodeNested(reader: ByteReader, scope: DecodeScope): Definition {
  const start = reader.position;
  if (!startsWith(reader.take(8, "component header"), [...WASM_MAGIC, ...COMPONENT_VERSION])) {
    reader.fail("nested component has an unknown header", start);
  }
  const nested = { kind: "component", sort: "component", component: decodeSections(reader, scope) } as const;
  scope.define(nested);
  return nested;
}

function decodeCoreInstance(reader: ByteReader, scope: DecodeScope): CoreInstance {
  const instance = decodeCoreInstanceExpr(reader, scope);
  scope.define(instance);
  return instance;
}

function decodeCoreInstanceExpr(reader: ByteReader, scope: DecodeScope): CoreInstance {
  const start = reader.position;
  const byte = reader.u8();
  if (byte === 0x00) {
    const module = scope.ref("core module", reader);
    const args = reader.vec("instantiation arguments", () => decodeCoreArg(reader, scope));
    return { kind: "core instantiation", sort: "core instance", module, args };
  }
  if (byte !== 0x01) reader.fail(`unknown core instance 0x${byte.toString(16)}`, start);
  const exports = reader.vec("exports", () => ({
    name: reader.name("export name"),
    item: decodeCoreSortRef(reader, scope),
  }));
  return { kind: "core inline exports", sort: "core instance", exports };
}

function decodeCoreArg(reader: ByteReader, scope: DecodeScope) {
  const name = reader.name("argument name");
  const start = reader.position;
  if (reader.u8() !== 0x12) reader.fail("a core instantiation argument is not an instance", start);
  return { name, instance: scope.ref("core instance", reader) };
}

function decodeInstance(reader: ByteReader, scope: DecodeScope): Instance {
  const instance = decodeInstanceExpr(reader, scope);
  scope.define(instance);
  return instance;
}

function decodeInstanceExpr(reader: ByteReader, scope: DecodeScope): Instance {
  const start = reader.position;
  const byte = reader.u8();
  if (byte === 0x00) {
    const component = scope.ref("component", reader);
    const args = reader.vec("instantiation arguments", () => ({
      name: reader.name("argument name"),
      item: decodeSortRef(reader, scope),
    }));
    return { kind: "instantiation", sort: "instance", component, args };
  }
  if (byte !== 0x01) reader.fail(`unknown instance 0x${byte.toString(16)}`, start);
  const exports = reader.vec("exports", () => ({
    name: decodeExternName(reader),
    item: decodeSortRef(reader, scope),
  }));
  return { kind: "inline exports", sort: "instance", exports };
}

function decodeStart(reader: ByteReader, scope: DecodeScope): Start {
  const func = scope.ref("func", reader);
  const args = reader.vec("start arguments", () => scope.ref("value", reader));
  const start = reader.position;
  const count = reader.u32("number of start results");
  // CanonicalABI.md: MAX_FLAT_RESULTS and the component type system allow at most one result.
  if (count > 1) reader.fail(`a start function has ${count} results`, start);
  const results: StartResult[] = [];
  for (let i = 0; i < count; i++) results.push({ kind: "start result", sort: "value" });
  for (const result of results) scope.define(result);
  return { kind: "start", func, args, results };
}

function decodeExport(reader: ByteReader, scope: DecodeScope): Export {
  const name = decodeExternName(reader);
  const item = decodeSortRef(reader, scope);
  const type = decodeOptional(reader, () => decodeExternType(reader, scope));
  const definition: Export = { kind: "export", sort: item.sort, name, item, type };
  scope.define(definition);
  return definition;
}

function decodeValue(reader: ByteReader, scope: DecodeScope): ValueDefinition {
  const type = decodeValType(reader, scope);
  const contents = reader.take(reader.u32("value length"), "value");
  const definition: ValueDefinition = { kind: "value", sort: "value", type, contents };
  scope.define(definition);
  return definition;
}
