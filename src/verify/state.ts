import { ComponentInitError } from "../errors.js";
import type { Initialized } from "../host/initialize.js";
import type { TableContents } from "../host/tables.js";
import type { ExternKind } from "../module/exports.js";
import type { InstanceSnapshot, MemoryImage, Snapshot } from "../snapshot/model.js";
import { takeSnapshot } from "../snapshot/take.js";

export interface ExpectedState {
  readonly snapshot: Snapshot;
  /** The component that the snapshot was taken of, alive; absent where the output is another component. */
  readonly initialized?: Initialized;
  /** For each core instance of the output, in order, the one of the snapshot whose state it has, if any. */
  readonly instances: readonly (number | undefined)[];
  /** The index that an item of an instance of the snapshot has in the output; `undefined` when it went. */
  readonly indexOf: (instance: number, kind: ExternKind, index: number) => number | undefined;
}

/**
 * Compares the state that an output starts with, every memory, global and table of it, with the snapshot.
 *
 * @param output - the output, instantiated and nothing more
 * @throws ComponentInitError `invalid-output` at the first difference
 */
export function verifyState(output: Initialized, expected: ExpectedState): void {
  const { snapshot, instances } = expected;
  const states = new Map(snapshot.instances.map((state) => [state.instance, state]));
  const actual = takeSnapshot(output);
  instances.forEach((position, i) => {
    const wanted = position === undefined ? undefined : states.get(position);
    if (wanted === undefined) return;
    const where = ` of core instance ${output.instances[i]?.info.name ?? i}`;
    compareNumbers(actual.instances[i] as InstanceSnapshot, wanted, where, expected.indexOf);
  });
  if (expected.initialized !== undefined) new ReferenceComparison(output, expected.initialized, expected).run();
}

function fail(what: string): never {
  throw new ComponentInitError(
    "invalid-output",
    `the output does not start as the snapshot: ${what}; please report this`,
  );
}

function compareNumbers(
  actual: InstanceSnapshot,
  wanted: InstanceSnapshot,
  where: string,
  indexOf: ExpectedState["indexOf"],
): void {
  const find = <T>(items: ReadonlyMap<number, T>, kind: ExternKind, index: number) => {
    const now = indexOf(wanted.instance, kind, index);
    if (now === undefined) return undefined;
    return items.get(now) ?? fail(`${kind} ${index}${where} is missing`);
  };
  const memories = byIndex(actual.memories);
  const globals = byIndex(actual.globals);
  for (const image of wanted.memories) {
    const other = find(memories, "memory", image.index);
    const difference = other && compareMemory(other, image);
    if (difference !== undefined) fail(`memory ${image.index}${where} differs ${difference}`);
  }
  for (const global of wanted.globals) {
    const other = find(globals, "global", global.index);
    if (other && Buffer.compare(other.bits, global.bits) !== 0) fail(`global ${global.index}${where} differs`);
  }
}

function byIndex<T extends { readonly index: number }>(items: readonly T[]): ReadonlyMap<number, T> {
  return new Map(items.map((item) => [item.index, item]));
}

/** Ranges depend on contents alone, so equal memories have the same. */
function compareMemory(actual: MemoryImage, wanted: MemoryImage): string | undefined {
  if (actual.pages !== wanted.pages) return `in size: ${actual.pages} pages instead of ${wanted.pages}`;
  for (let i = 0; i < Math.max(actual.ranges.length, wanted.ranges.length); i++) {
    const left = actual.ranges[i];
    const right = wanted.ranges[i];
    if (left?.offset === right?.offset && Buffer.compare(left?.bytes ?? NONE, right?.bytes ?? NONE) === 0) continue;
    return `at or after address 0x${Math.min(left?.offset ?? Infinity, right?.offset ?? Infinity).toString(16)}`;
  }
  return undefined;
}

const NONE = new Uint8Array();

/** Compares tables and reference globals of two components that are alive. */
class ReferenceComparison {
  private readonly positions: ReadonlyMap<number, number>;

  constructor(
    private readonly output: Initialized,
    private readonly original: Initialized,
    private readonly expected: ExpectedState,
  ) {
    const pairs = expected.instances.flatMap((position, i) => (position === undefined ? [] : [[position, i] as const]));
    this.positions = new Map(pairs);
  }

  run(): void {
    this.compare(this.original.tables.all(), this.output.tables.all(), "table", (wanted, actual, where) =>
      this.compareTables(wanted, actual, where),
    );
    this.compare(this.original.references.all(), this.output.references.all(), "global", (wanted, actual, where) => {
      if (!this.isSame(wanted.value, actual.value)) fail(`${where} refers to another function`);
    });
  }

  /** What the output does not have any more nobody can ask for. */
  private compare<T extends { readonly instance: number; readonly index: number }>(
    wanted: readonly T[],
    actual: readonly T[],
    what: "table" | "global",
    compareOne: (wanted: T, actual: T, where: string) => void,
  ): void {
    const places = new Map(actual.map((one) => [`${one.instance}:${one.index}`, one]));
    for (const one of wanted) {
      const instance = this.positions.get(one.instance);
      const index = this.expected.indexOf(one.instance, what, one.index);
      if (instance === undefined || index === undefined) continue;
      const other = places.get(`${instance}:${index}`);
      const where = `${what} ${one.index} of core instance ${this.output.instances[instance]?.info.name ?? instance}`;
      if (other === undefined) fail(`${where} is missing`);
      compareOne(one, other, where);
    }
  }

  private compareTables(wanted: TableContents, actual: TableContents, where: string): void {
    if (wanted.contents.length !== actual.contents.length) {
      fail(`${where} has ${actual.contents.length} entries instead of ${wanted.contents.length}`);
    }
    wanted.contents.forEach((reference, i) => {
      if (!this.isSame(reference, actual.contents[i])) fail(`entry ${i} of ${where} differs`);
    });
  }

  private isSame(wanted: unknown, actual: unknown): boolean {
    const left = this.original.functions.find(wanted);
    const right = this.output.functions.find(actual);
    if (left === undefined || right === undefined) return this.isSameObject(wanted, actual);
    // Of a function of the host nothing tells which it is. What was added may stand in its place.
    if (!left.isDefined) return !right.isDefined || this.expected.instances[right.instance] === undefined;
    if (!right.isDefined) return false;
    if (this.positions.get(left.instance) !== right.instance) return false;
    return this.expected.indexOf(left.instance, "func", left.index) === right.index;
  }

  /** Null, an i31, or an object that instantiation makes anew. */
  private isSameObject(wanted: unknown, actual: unknown): boolean {
    return wanted === actual || (isObject(wanted) && isObject(actual));
  }
}

function isObject(reference: unknown): boolean {
  return typeof reference === "object" && reference !== null;
}
