import { type GroupAt, groupsByType } from "./index-spaces.js";
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

  /** Copies a group, after the ones that it refers to: earlier ones, and itself. */
  private copyGroup(types: CoreModule["types"], index: number, copied: Map<number, number>): void {
    for (const { group, first } of neededGroups(groupsByType(types), index, copied)) {
      for (const i of group.types.keys()) copied.set(first + i, this.count + i);
      const translate = (used: number) => copied.get(used) as number;
      this.add({ ...group, types: group.types.map((type) => mapSubType(type, translate)) });
    }
  }
}

/** In the order of the module, so that each comes after what it refers to. No recursion: chains can be of any length. */
function neededGroups(groups: readonly GroupAt[], index: number, copied: ReadonlyMap<number, number>): GroupAt[] {
  const needed = new Set<GroupAt>();
  const pending = [index];
  for (let type = pending.pop(); type !== undefined; type = pending.pop()) {
    const group = groups[type];
    if (group === undefined) throw new RangeError(`the module has no type ${type}`);
    if (needed.has(group) || copied.has(type)) continue;
    needed.add(group);
    for (const used of group.group.types.flatMap(typesIn)) pending.push(used);
  }
  return [...needed].sort((a, b) => a.first - b.first);
}

function typesIn(type: SubType): number[] {
  const used: number[] = [];
  mapSubType(type, (index) => {
    used.push(index);
    return index;
  });
  return used;
}
