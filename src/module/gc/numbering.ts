import { type IndexSpace, indexSpaces } from "./operands.js";

const REMOVED = -1;

/** What becomes of every item: the new index of those that stay. */
export class Numbering {
  private readonly maps: Readonly<Record<IndexSpace, Int32Array>>;
  private readonly removedCounts: Readonly<Record<IndexSpace, number>>;

  /**
   * @param live - per space and index, 1 for what stays
   * @param emptied - functions that stay without their bodies
   */
  constructor(
    live: Readonly<Record<IndexSpace, Uint8Array>>,
    readonly emptied: ReadonlySet<number>,
  ) {
    const maps = {} as Record<IndexSpace, Int32Array>;
    const removed = {} as Record<IndexSpace, number>;
    for (const space of indexSpaces) {
      let next = 0;
      maps[space] = Int32Array.from(live[space], (stays) => (stays === 1 ? next++ : REMOVED));
      removed[space] = live[space].length - next;
    }
    this.maps = maps;
    this.removedCounts = removed;
  }

  /** The new index of an item, `undefined` when it goes. */
  find(space: IndexSpace, index: number): number | undefined {
    const found = this.maps[space][index];
    return found === REMOVED ? undefined : found;
  }

  /** The new index of an item that something live refers to. */
  of(space: IndexSpace, index: number): number {
    const found = this.maps[space][index];
    if (found === undefined || found === REMOVED) throw new RangeError(`${space} ${index} is used, but was removed`);
    return found;
  }

  /** How many items of a space go. */
  removed(space: IndexSpace): number {
    return this.removedCounts[space];
  }

  get removesNothing(): boolean {
    return indexSpaces.every((space) => this.removedCounts[space] === 0);
  }
}
