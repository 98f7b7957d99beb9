import { Prng } from "../prng.js";
import { ComponentWriter, WrapperWriter } from "./component-writer.js";
import { FAULTS, type Fault, FaultSource } from "./faults.js";
import { allFuncs, type Func, observersOf, type Plan, resourcesOf } from "./plan.js";
import { casesOf, isVariantLike, partsOf, type Resource, type Spelling, type Type, TypeSource } from "./shapes.js";

/** What the tool runs and Wasmtime does not: what is the same without it is compared. */
export interface Variation {
  /** Lists of a fixed length, which are laid out as tuples are. */
  readonly fixedLists: boolean;
  /** Some memories with 64-bit addresses: the same values, at other places. */
  readonly memory64: boolean;
}

export interface AbiCase {
  readonly seed: number;
  readonly text: string;
  readonly fault: Fault | undefined;
  readonly components: number;
  /** Exported functions of the root that return what was found out. */
  readonly digests: readonly string[];
  readonly seen: readonly string[];
  /** Exported functions that return or take values, without handles. */
  readonly values: readonly Func[];
  readonly features: ReadonlySet<string>;
  readonly optionalParts: number;
  readonly spelling: Spelling;
  /** Whether addresses are other ones than without variations. */
  readonly usesMemory64: boolean;
}

/** What all cases are to have wrong, where that is possible. */
const FORCED_FAULT = FAULTS.find((fault) => fault === process.env.COMPONENT_INIT_ABI_FAULT);

export function generateAbiCase(seed: number, variation: Variation, omitted: ReadonlySet<number> = new Set()): AbiCase {
  const random = new Prng(seed);
  const features = new Set<string>();
  const mayWait = random.chance(0.3);
  if (mayWait) features.add("may wait");
  const plans = new Planner(random, variation, features, mayWait).plans();
  const fault = FORCED_FAULT ?? (random.chance(0.4) ? random.pick(FAULTS) : undefined);
  const faults = new FaultSource(fault, random);
  let count = 0;
  const parts = { optional: (text: string) => (omitted.has(count++) ? "" : text) };
  const context = { random, faults, spelling: variation, parts, mayWait };
  const [only] = plans;
  const text =
    plans.length === 1 && only !== undefined
      ? new ComponentWriter(only, context).write("")
      : new WrapperWriter(plans, context).write();
  const observers = plans.flatMap(observersOf).map(({ name }) => name);
  const placed = faults.isPlaced ? fault : undefined;
  if (placed !== undefined) features.add(`fault: ${placed}`);
  const driver = plans.at(-1) as Plan;
  return {
    seed,
    text,
    fault: placed,
    components: observers.length / 3,
    digests: observers.filter((name) => name.startsWith("get-")),
    seen: observers.filter((name) => name.startsWith("seen-")),
    values: driver.exported.filter(({ name }) => name.startsWith("val-")),
    features,
    optionalParts: count,
    spelling: variation,
    usesMemory64: features.has("memory64"),
  };
}

/** Decides which components there are, and what they export. */
class Planner {
  private readonly types: TypeSource;

  constructor(
    private readonly random: Prng,
    private readonly variation: Variation,
    private readonly features: Set<string>,
    private readonly mayWait: boolean,
  ) {
    this.types = new TypeSource(random);
  }

  /** @returns the components of the root; a single one is the root */
  plans(): Plan[] {
    const { random } = this;
    const count = random.between(2, 4);
    let plans: Plan[] = [];
    for (let index = 0; index < count; index++) {
      const isDriver = index === count - 1;
      const adopted = random.chance(0.35) ? random.between(0, plans.length) : 0;
      const children = plans.slice(plans.length - adopted);
      const beside = plans.slice(0, plans.length - adopted);
      plans = [...beside, this.plan(index, children, beside, isDriver)];
      if (adopted > 0) this.features.add(plans.length === 1 && isDriver ? "driver around the others" : "nested");
    }
    return plans;
  }

  private plan(index: number, inner: readonly Plan[], beside: readonly Plan[], isDriver: boolean): Plan {
    const { random } = this;
    const own = random.chance(0.6)
      ? Array.from({ length: random.between(1, 2) }, (_, i) => ({ name: `r${index}${i}`, definer: index }))
      : [];
    const early = [...own.flatMap(handleFunctions), pokeFunction(index)];
    const children = inner.map((child) => {
      if (!random.chance(0.4)) return child;
      this.features.add("calls back into the component around it");
      return { ...child, imported: [...child.imported, ...early] };
    });
    const theirs = children.flatMap(allFuncs);
    const passedIn = children
      .flatMap((child) => child.imported)
      .filter((func) => ![...theirs, ...early].includes(func));
    const imported = [...new Set([...random.some(beside.flatMap(allFuncs), 0.9), ...passedIn])];
    const names = new Set([...imported, ...theirs].map(({ name }) => name));
    const known = resourcesOf([...imported, ...theirs]).filter(({ name }) => names.has(`make-${name}`));
    const resources = [...new Set([...own, ...known])];
    const exported: Func[] = isDriver
      ? [...this.valueFunctions(), { name: "init", params: [], result: undefined }]
      : Array.from({ length: random.between(1, 4) }, (_, i) => this.func(`f${index}-${i}`, resources));
    if (this.mayWait && !isDriver && random.chance(0.6)) exported.push(this.streamFunction(index));
    const passedOn = isDriver ? [] : this.passedOn(children, exported);
    this.noteTypes(exported);
    const wants64 = random.chance(0.5);
    // wasm-tools has 32 bits for the address of an asynchronous call's result, whatever the memory.
    const pointer = this.variation.memory64 && wants64 && !this.mayWait ? "i64" : "i32";
    if (pointer === "i64") this.features.add("memory64");
    return { index, pointer, children, imported, resources: own, early, exported, passedOn };
  }

  private noteTypes(funcs: readonly Func[]): void {
    const types = funcs.flatMap(({ params, result }) => [...params, ...(result === undefined ? [] : [result])]);
    for (const { kind } of types.flatMap(partsOf)) this.features.add(`type ${kind}`);
  }

  private func(name: string, resources: readonly Resource[]): Func {
    const { random } = this;
    const isAsync = random.chance(0.5) && this.mayWait;
    if (isAsync) this.features.add("async function");
    if (random.chance(0.25)) {
      const type = this.types.make(3, resources, false);
      return { name, params: [type], result: type, isAsync };
    }
    const count = random.chance(0.1) ? random.between(10, 20) : random.pick([0, 1, 1, 2, 3]);
    const params = Array.from({ length: count }, () => this.types.make(count > 9 ? 0 : 3, resources, true));
    const result = random.chance(0.7) ? this.types.make(3, resources, false) : undefined;
    return { name, params, result, isAsync };
  }

  private streamFunction(index: number): Func {
    this.features.add("stream");
    const type = this.types.make(2, [], false);
    // Wasmtime passes strings in streams as its host's, with other calls of `realloc`; there are no streams of characters.
    const element = partsOf(type).some(({ kind }) => kind === "string" || kind === "char") ? NUMBER : type;
    return { name: `s${index}`, params: [], result: { kind: "stream", element } };
  }

  private valueFunctions(): Func[] {
    const { random } = this;
    return Array.from({ length: random.between(0, 2) }, (_, i) => {
      const type = this.types.make(3, [], false);
      const result: Type = isForHost(type) ? type : { kind: "tuple", items: [NUMBER] };
      const isEcho = random.chance(0.4);
      return { name: `val-${i}`, params: isEcho ? [result] : [], result };
    });
  }

  /** What of the children others may use: all that handles need that the exports have, and some functions. */
  private passedOn(children: readonly Plan[], exported: readonly Func[]): Func[] {
    const theirs = children.flatMap(allFuncs);
    const passed = this.random.some(
      theirs.filter(({ name }) => !/^(make|peek|take)-/.test(name)),
      0.2,
    );
    const needed = resourcesOf([...exported, ...passed]).flatMap(({ name }) => [
      `make-${name}`,
      `peek-${name}`,
      `take-${name}`,
    ]);
    return [...theirs.filter(({ name }) => needed.includes(name)), ...passed];
  }
}

/** Something to call in a component that needs nothing else. */
function pokeFunction(index: number): Func {
  return { name: `poke-${index}`, params: [{ kind: "u32" }], result: { kind: "u32" } };
}

/**
 * Whether all hosts can take it: the Python package has no maps, and tells the cases of a variant by the Python class of what
 * they carry, or fails to. A result that a function returns is an exception.
 */
function isForHost(type: Type): boolean {
  return type.kind !== "result" && partsOf(type).every((part) => part.kind !== "map" && hasPlainCases(part));
}

function hasPlainCases(type: Type): boolean {
  if (!isVariantLike(type)) return true;
  const payloads = casesOf(type).filter((payload) => payload !== undefined);
  return payloads.length === 0 || (payloads.length === 1 && /^[us]\d/.test(payloads[0]?.kind ?? ""));
}

const NUMBER: Type = { kind: "s64" };

/** What makes a resource from a number, what looks at one, and what keeps one. */
function handleFunctions(resource: Resource): Func[] {
  const own: Type = { kind: "own", resource };
  const borrow: Type = { kind: "borrow", resource };
  return [
    { name: `make-${resource.name}`, params: [{ kind: "u32" }], result: own },
    { name: `peek-${resource.name}`, params: [borrow], result: undefined },
    { name: `take-${resource.name}`, params: [own], result: undefined },
  ];
}
