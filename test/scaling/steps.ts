import { Session } from "node:inspector";
import { setFlagsFromString } from "node:v8";

/**
 * Counts what src/ does while something runs: V8's count of every block of its functions, and the elements that built-in
 * functions go through for whoever calls them. No clock is asked, so how work grows comes out the same on any machine.
 *
 * To be imported before anything of src/ is called: functions that were compiled before have no counters in their blocks.
 */

// Optimized code does not count the calls that it has inlined.
setFlagsFromString("--no-opt");
setFlagsFromString("--no-maglev");
const session = new Session();
session.connect();
session.post("Profiler.enable");
session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });

/** The text of a function, or of a block in it that ran another number of times than what is around it. */
interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly { readonly functionName: string; readonly ranges: readonly Range[] }[];
}

/** Steps by where they are taken: a function of src/, or a built-in function. */
export type Steps = ReadonlyMap<string, number>;

export function total(steps: Steps): number {
  let sum = 0;
  for (const count of steps.values()) sum += count;
  return sum;
}

export interface Counted<T> {
  readonly result: T;
  readonly steps: Steps;
}

/** Runs something, and counts. */
export function countSteps<T>(work: () => T): Counted<T> {
  const finish = startCounting();
  let result: T;
  try {
    result = work();
  } catch (error) {
    finish();
    throw error;
  }
  return { result, steps: finish() };
}

/** Runs something that may take a while. */
export async function countStepsOf<T>(work: () => Promise<T>): Promise<Counted<T>> {
  const finish = startCounting();
  let result: T;
  try {
    result = await work();
  } catch (error) {
    finish();
    throw error;
  }
  return { result, steps: finish() };
}

/** @returns ends it, and gives what was counted */
function startCounting(): () => Steps {
  takeCoverage();
  const builtins = new BuiltinCounter();
  return () => {
    builtins.remove();
    return new Map([...takeCoverage(), ...builtins.counts]);
  };
}

function takeCoverage(): Map<string, number> {
  const steps = new Map<string, number>();
  session.post("Profiler.takePreciseCoverage", (error, coverage) => {
    if (error) throw error;
    for (const { url, functions } of coverage.result as ScriptCoverage[]) {
      const file = url.split("/src/")[1];
      if (file === undefined) continue;
      for (const { functionName, ranges } of functions) {
        const [{ startOffset, count }] = ranges as [Range];
        if (count > 0) steps.set(`${file} ${functionName || "=>"} @${startOffset}`, stepsIn(ranges));
      }
    }
  });
  return steps;
}

/** Text that counts as one step where it runs. */
const STEP = 32;

/** By the text that ran: that a block ran as often as what is around it leaves no trace in the ranges, but none here either. */
function stepsIn(ranges: readonly Range[]): number {
  let text = 0;
  const around: Range[] = [];
  for (const range of ranges) {
    while (around.length > 0 && (around.at(-1) as Range).endOffset <= range.startOffset) around.pop();
    text += (range.count - (around.at(-1)?.count ?? 0)) * (range.endOffset - range.startOffset);
    around.push(range);
  }
  return Math.ceil(text / STEP);
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Elements that a call of a built-in function goes through, of the object it is called on, its arguments and its result. */
type Cost = (self: { readonly length: number }, args: readonly unknown[], result: unknown) => number;

const ofSelf: Cost = (self) => self.length;
const ofResult: Cost = (_, __, result) => lengthOf(result);
/** Up to what was found. */
const found: Cost = (self, [, from = 0], result) =>
  Math.max(0, (result === -1 ? self.length : (result as number) + 1) - Number(from));
/** Numbers of a typed array are gone through many at a time. */
const PACKED = 64;

const packed =
  (cost: Cost): Cost =>
  (self, args, result) =>
    Math.ceil(cost(self, args, result) / PACKED);

function lengthOf(value: unknown): number {
  return typeof value === "object" && value !== null && "length" in value ? Number(value.length) : 0;
}

const TypedArray = Object.getPrototypeOf(Uint8Array) as { readonly prototype: object };

/** Those that go through elements without calling anybody: calls of functions that are given are counted as such. */
const BUILTINS: readonly (readonly [name: string, object: object, methods: Readonly<Record<string, Cost>>])[] = [
  [
    "Array",
    Array.prototype,
    {
      indexOf: found,
      lastIndexOf: (self, _, result) => self.length - (result as number),
      // Where it was found is not said.
      includes: (self, [item]) => found(self, [], Array.prototype.indexOf.call(self, item)),
      slice: ofResult,
      concat: ofResult,
      // What comes behind is moved.
      splice: (self, [start], result) => self.length - Math.min(Number(start), self.length) + lengthOf(result),
      shift: ofSelf,
      unshift: ofSelf,
      fill: ofSelf,
      join: ofSelf,
      reverse: ofSelf,
      toReversed: ofResult,
      sort: ofSelf,
      toSorted: ofResult,
      with: ofResult,
      flat: ofResult,
    },
  ],
  [
    "TypedArray",
    TypedArray.prototype,
    {
      indexOf: packed(found),
      lastIndexOf: packed(ofSelf),
      includes: packed(ofSelf),
      slice: packed(ofResult),
      set: packed((_, [source]) => lengthOf(source)),
      fill: packed(ofSelf),
      copyWithin: packed(ofSelf),
      join: ofSelf,
      toReversed: ofResult,
      sort: ofSelf,
    },
  ],
  ["String", String.prototype, { indexOf: () => 1, split: ofResult }],
  [
    "Object",
    Object,
    {
      keys: ofResult,
      values: ofResult,
      entries: ofResult,
      fromEntries: (_, __, result) => Object.getOwnPropertyNames(result).length,
      getOwnPropertyNames: ofResult,
      assign: (_, [, ...sources]) => sources.reduce<number>((sum, one) => sum + Reflect.ownKeys(Object(one)).length, 0),
    },
  ],
  ["Buffer", Buffer, { concat: packed(ofResult) }],
];

/** Spreading, destructuring, `new Map(…)` and `for … of` ask an iterator for one element after the other. */
const ITERATORS = {
  "array iterator": [][Symbol.iterator](),
  "map iterator": new Map()[Symbol.iterator](),
  "set iterator": new Set()[Symbol.iterator](),
  "string iterator": ""[Symbol.iterator](),
};

class BuiltinCounter {
  readonly counts = new Map<string, number>();
  private readonly restore: (() => void)[] = [];
  private isCounting = false;

  constructor() {
    for (const [name, object, methods] of BUILTINS) {
      for (const [method, cost] of Object.entries(methods)) this.replace(`${name}.${method}`, object, method, cost);
    }
    for (const [name, iterator] of Object.entries(ITERATORS)) {
      this.replace(name, Object.getPrototypeOf(iterator) as object, "next", () => 1);
    }
    this.isCounting = true;
  }

  private replace(name: string, object: object, method: string, cost: Cost): void {
    const original = Reflect.get(object, method) as Method;
    const counter = this;
    const replacement: Method = function (...args) {
      const result = original.apply(this, args);
      if (counter.isCounting) counter.count(name, () => cost(this as { length: number }, args, result));
      return result;
    };
    Object.defineProperty(object, method, {
      value: replacement,
      writable: true,
      configurable: true,
      enumerable: false,
    });
    this.restore.push(() => {
      Object.defineProperty(object, method, { value: original, writable: true, configurable: true, enumerable: false });
    });
  }

  /** What counting itself calls is not counted. */
  private count(name: string, cost: () => number): void {
    this.isCounting = false;
    this.counts.set(name, (this.counts.get(name) ?? 0) + cost());
    this.isCounting = true;
  }

  remove(): void {
    this.isCounting = false;
    for (const restore of this.restore) restore();
  }
}
