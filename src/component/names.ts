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
  setNames(component, [[entity, name]]);
}

/** Names definitions. The sorts that get names come last, in the order in which they got the last one. */
export function setNames(component: Component, added: readonly (readonly [Entity, string])[]): void {
  if (added.length === 0) return;
  const section = component.sections.findIndex(({ definitions }) => definitions[0]?.kind === "component names");
  const known = component.sections[section]?.definitions[0] as ComponentNames | undefined;
  const sorts = new Map<Sort, ComponentNames["sorts"][number]["names"]>();
  for (const { sort, names } of known?.sorts ?? []) sorts.set(sort, [...(sorts.get(sort) ?? []), ...names]);
  for (const [sort, pairs] of Map.groupBy(added, ([{ sort }]) => sort)) {
    const names = pairs.map(([entity, name]) => ({ entity, name }));
    sorts.set(sort, [...(sorts.get(sort) ?? []), ...names]);
  }
  const last = new Set(added.toReversed().map(([{ sort }]) => sort));
  const order = [...[...sorts.keys()].filter((sort) => !last.has(sort)), ...[...last].reverse()];
  const names: ComponentNames = {
    kind: "component names",
    component: known?.component,
    sorts: order.map((sort) => ({ sort, names: sorts.get(sort) ?? [] })),
  };
  const replacement: ComponentSection = { kind: "custom", definitions: [names] };
  component.sections =
    section < 0 ? [...component.sections, replacement] : component.sections.with(section, replacement);
}

const namesByEntity = new WeakMap<ComponentNames, ReadonlyMap<Entity, string>>();

/** What a definition is called, for messages and for finding the preview 1 adapter. */
export function nameOf(names: ComponentNames | undefined, entity: Entity): string | undefined {
  if (names === undefined) return undefined;
  let byEntity = namesByEntity.get(names);
  if (byEntity === undefined) {
    const pairs = names.sorts.flatMap((sort) => sort.names.map((one) => [one.entity, one.name] as const));
    // The first name of several counts.
    byEntity = new Map(pairs.reverse());
    namesByEntity.set(names, byEntity);
  }
  return byEntity.get(entity);
}
