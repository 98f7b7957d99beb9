import { ByteWriter } from "../binary/writer.js";
import { encodeCanon } from "./canon.js";
import { SECTION_KINDS } from "./decode.js";
import { encodeCoreType } from "./encode-core-types.js";
import {
  encodeAlias,
  encodeCoreSortRef,
  encodeExternName,
  encodeExternType,
  encodeImport,
  encodeOptional,
  encodeSortRef,
  encodeTypeDefinition,
  encodeValType,
} from "./encode-types.js";
import type {
  Component,
  ComponentNames,
  ComponentSection,
  CoreInstance,
  Definition,
  Export,
  Instance,
} from "./model.js";
import { encodeComponentNames } from "./names.js";
import { type ChunksOf, EncodeScope, type IndexResolver } from "./scope.js";

const HEADER = new Uint8Array([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]);

const SINGLE_DEFINITION_SECTIONS = new Set(["custom", "core module", "component", "start"]);

/**
 * Encodes a component, giving every definition its index. Core modules are kept as the ranges that they consist of.
 *
 * @param chunksOf - writes other bytes than its own for a core module
 * @param surroundings - where outer aliases lead, of a component that is nested
 */
export function encodeComponent(component: Component, chunksOf?: ChunksOf, surroundings?: EncodeScope): ByteWriter {
  return encodeSections(component, new EncodeScope(chunksOf, surroundings));
}

function encodeSections(component: Component, scope: EncodeScope): ByteWriter {
  const writer = new ByteWriter().bytes(HEADER);
  // Names may stand before what they name, so they are encoded when all indices are known.
  const bodies = component.sections.map((section) => (isNames(section) ? undefined : encodeSection(section, scope)));
  component.sections.forEach((section, i) => {
    const body = bodies[i] ?? encodeComponentNames(section.definitions[0] as ComponentNames, scope);
    writer.section(SECTION_KINDS.indexOf(section.kind), body);
  });
  return writer;
}

function isNames(section: ComponentSection): boolean {
  return section.definitions[0]?.kind === "component names";
}

function encodeSection(section: ComponentSection, scope: EncodeScope): ByteWriter {
  const writer = new ByteWriter();
  if (!SINGLE_DEFINITION_SECTIONS.has(section.kind)) writer.u32(section.definitions.length);
  for (const definition of section.definitions) encodeDefinition(definition, writer, scope);
  return writer;
}

/** Writes one definition and gives it its index (also used, with a recorder, to find what it refers to). */
export function encodeDefinition(definition: Definition, writer: ByteWriter, scope: IndexResolver): void {
  switch (definition.kind) {
    case "custom":
      writer.name(definition.name).bytes(definition.contents);
      break;
    case "component names":
      break;
    case "core module":
      for (const chunk of scope.chunksOf(definition)) writer.bytes(chunk);
      scope.define(definition);
      break;
    case "core instantiation":
    case "core inline exports":
      encodeCoreInstance(definition, writer, scope);
      break;
    case "core type":
      encodeCoreType(definition, writer, scope);
      break;
    case "component":
      encodeNested(definition.component, writer, scope);
      scope.define(definition);
      break;
    case "instantiation":
    case "inline exports":
      encodeInstance(definition, writer, scope);
      break;
    case "export alias":
    case "core export alias":
    case "outer alias":
      encodeAlias(definition, writer, scope);
      break;
    case "type":
      encodeTypeDefinition(definition, writer, scope);
      break;
    case "lift":
    case "lower":
    case "builtin":
      encodeCanon(definition, writer, scope);
      break;
    case "start":
      writer.u32(scope.index(definition.func));
      writer.vec(definition.args, (arg) => writer.u32(scope.index(arg)));
      writer.u32(definition.results.length);
      for (const result of definition.results) scope.define(result);
      break;
    case "import":
      encodeImport(definition, writer, scope);
      break;
    case "export":
      encodeExport(definition, writer, scope);
      break;
    case "value":
      encodeValType(definition.type, writer, scope);
      writer.u32(definition.contents.length).bytes(definition.contents);
      scope.define(definition);
      break;
  }
}

function encodeNested(component: Component, writer: ByteWriter, scope: IndexResolver): void {
  const nested = scope.nested();
  if (nested instanceof EncodeScope) {
    writer.append(encodeSections(component, nested));
    return;
  }
  for (const { definitions } of component.sections) {
    for (const definition of definitions) encodeDefinition(definition, writer, nested);
  }
}

function encodeCoreInstance(instance: CoreInstance, writer: ByteWriter, scope: IndexResolver): void {
  if (instance.kind === "core instantiation") {
    writer.u8(0x00).u32(scope.index(instance.module));
    writer.vec(instance.args, (arg) => writer.name(arg.name).u8(0x12).u32(scope.index(arg.instance)));
  } else {
    writer.u8(0x01).vec(instance.exports, (one) => encodeCoreSortRef(one.item, writer.name(one.name), scope));
  }
  scope.define(instance);
}

function encodeInstance(instance: Instance, writer: ByteWriter, scope: IndexResolver): void {
  if (instance.kind === "instantiation") {
    writer.u8(0x00).u32(scope.index(instance.component));
    writer.vec(instance.args, (arg) => encodeSortRef(arg.item, writer.name(arg.name), scope));
  } else {
    writer.u8(0x01).vec(instance.exports, (one) => {
      encodeExternName(one.name, writer);
      encodeSortRef(one.item, writer, scope);
    });
  }
  scope.define(instance);
}

function encodeExport(definition: Export, writer: ByteWriter, scope: IndexResolver): void {
  encodeExternName(definition.name, writer);
  encodeSortRef(definition.item, writer, scope);
  encodeOptional(definition.type, writer, (type) => encodeExternType(type, writer, scope));
  scope.define(definition);
}
