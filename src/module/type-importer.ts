import { mapRefType, mapSubType } from "./map-types.js";
import type { CoreModule } from "./model.js";
import type { RecursiveGroup, SubType } from "./types.js";
import type { RefType } from "./value-types.js";

/**
 * Brings types of other modules into a new one. Types are equal when their recursion groups are (core specification
 * 3.2, "iso-recursive"), so whole groups are copied, with the groups that they refer to.
 */
export class TypeImporter {
  readonly groups: RecursiveGroup[] = [];
  private count = 0;
  private readonly known = new Map<CoreModule["types"], Map<number, number>>();

  /** @returns the index of the type in the new module */
  type(types: CoreModule["types"], index: number): number {
    let copied = this.known.get(types);
    if (copied === undefined) {
      copied = new Map();
      this.known.set(types, copied);
    }
    if (!copied.has(index)) this.copyGroup(types, index, copied);
    return copied.get(index) as number;
  }

  refType(types: CoreModule["types"], type: RefType): RefType {
    return mapRefType(type, (index) => this.type(types, index));
  }

  /** Adds a group that no module has. */
  add(group: RecursiveGroup): number {
    this.groups.push(group);
    this.count += group.types.length;
    return this.count - group.types.length;
  }

  private copyGroup(types: CoreModule["types"], index: number, copied: Map<number, number>): void {
    const { group, first } = groupAround(types, index);
    // Groups refer to earlier ones and to themselves only.
    for (const used of group.types.flatMap(typesIn)) {
      if (used < first && !copied.has(used)) this.copyGroup(types, used, copied);
    }
    for (const i of group.types.keys()) copied.set(first + i, this.count + i);
    const translate = (used: number) => copied.get(used) as number;
    this.add({ ...group, types: group.types.map((type) => mapSubType(type, translate)) });
  }
}

function groupAround(types: CoreModule["types"], index: number): { group: RecursiveGroup; first: number } {
  let first = 0;
  for (const group of types) {
    if (index < first + group.types.length) return { group, first };
    first += group.types.length;
  }
  throw new RangeError(`the module has no type ${index}`);
}

function typesIn(type: SubType): number[] {
  const used: number[] = [];
  mapSubType(type, (index) => {
    used.push(index);
    return index;
  });
  return used;
}
