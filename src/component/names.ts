import { ByteReader } from "../binary/reader.js";
import { ByteWriter } from "../binary/writer.js";
import { ComponentInitError } from "../errors.js";
import type { Component, ComponentNames, ComponentSection, CustomSection, Entity, Sort } from "./model.js";
import type { DecodeScope, EncodeScope } from "./scope.js";
import { decodeSort, encodeSort } from "./sorts.js";

export const COMPONENT_NAMES = "component-name";

/**
 * The `component-name` section with its indices resolved. A section that does not fit the component stays an ordinary
 * custom section: Binary.md does not require it to be valid.
 */
export function decodeComponentNames(section: CustomSection, scope: DecodeScope): ComponentNames | CustomSection {
  try {
    return decodeSubsections(new ByteReader(section.contents), scope);
  } catch (error) {
    if (error instanceof ComponentInitError) return section;
    throw error;
  }
}

function decodeSubsections(reader: ByteReader, scope: DecodeScope): ComponentNames {
  let component: string | undefined;
  const sorts: ComponentNames["sorts"] = [];
  while (!reader.done) {
    const id = reader.u8();
    const body = reader.sub(reader.u32());
    if (id === 0x00 && component === undefined && sorts.length === 0) component = body.name();
    else if (id === 0x01) sorts.push(decodeSortNames(body, scope));
    else reader.fail("unknown subsection of component-name");
    body.expectEnd("subsection of component-name");
  }
  return { kind: "component names", component, sorts };
}

function decodeSortNames(reader: ByteReader, scope: DecodeScope): ComponentNames["sorts"][number] {
  const sort: Sort = decodeSort(reader);
  return { sort, names: reader.vec("names", () => ({ entity: scope.ref(sort, reader), name: reader.name() })) };
}

export function encodeComponentNames(names: ComponentNames, scope: EncodeScope): ByteWriter {
  const writer = new ByteWriter().name(COMPONENT_NAMES);
  if (names.component !== undefined) writer.section(0x00, new ByteWriter().name(names.component));
  for (const { sort, names: assigned } of names.sorts) {
    const present = assigned
      .filter(({ entity }) => scope.has(entity))
      .map(({ entity, name }) => ({ index: scope.index(entity), name }))
      .sort((a, b) => a.index - b.index);
    if (present.length === 0 && assigned.length > 0) continue;
    const body = new ByteWriter();
    encodeSort(sort, body);
    writer.section(
      0x01,
      body.vec(present, ({ index, name }) => body.u32(index).name(name)),
    );
  }
  return writer;
}

/** Names a definition, which nobody may refer to by name yet. */
export function setName(component: Component, entity: Entity, name: string): void {
  const section = component.sections.findIndex(({ definitions }) => definitions[0]?.kind === "component names");
  const known = component.sections[section]?.definitions[0] as ComponentNames | undefined;
  const sorts = known?.sorts ?? [];
  const others = sorts.filter(({ sort }) => sort !== entity.sort);
  const same = sorts.find(({ sort }) => sort === entity.sort)?.names ?? [];
  const added = { sort: entity.sort, names: [...same, { entity, name }] };
  const names: ComponentNames = { kind: "component names", component: known?.component, sorts: [...others, added] };
  const replacement: ComponentSection = { kind: "custom", definitions: [names] };
  if (section < 0) component.sections.push(replacement);
  else component.sections[section] = replacement;
}

/** Name and definition pairs, for messages and for finding the preview 1 adapter. */
export function nameOf(names: ComponentNames | undefined, entity: Entity): string | undefined {
  for (const { names: assigned } of names?.sorts ?? []) {
    const found = assigned.find((one) => one.entity === entity);
    if (found !== undefined) return found.name;
  }
  return undefined;
}
