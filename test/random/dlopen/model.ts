import { type FunctionSpec, type LibrarySpec, MISSING, type Term } from "./libraries.js";

/** A library that is open, or the program. */
interface Opened {
  readonly name: string;
  readonly functions: ReadonlyMap<string, FunctionSpec>;
  readonly data: Map<string, number>;
  readonly needed: Opened[];
  readonly bound: Map<string, Opened | undefined>;
  calls: number;
  openCount: number;
  isKept: boolean;
}

export interface Flags {
  readonly global?: boolean;
  readonly noLoad?: boolean;
  readonly noDelete?: boolean;
}

/** A library by its number, or all that is global. */
export type Where = number | "default" | "program";

type Answer = number | "error";

/** What POSIX, musl's loader and docs/dlopen.md say that a program sees: written without a look at how it is done. */
export class Model {
  readonly #specs: ReadonlyMap<string, LibrarySpec>;
  readonly #program: Opened = opened("", [], [["host_value", 1000]]);
  #open: Opened[] = [];
  #global: Opened[] = [this.#program];
  /** By the numbers that the program gives. */
  readonly #handles: Opened[] = [];

  constructor(specs: readonly LibrarySpec[]) {
    this.#specs = new Map(specs.map((spec) => [spec.name, spec]));
  }

  get names(): string[] {
    return [...this.#specs.keys()];
  }

  isOpen(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** The numbers of libraries that were opened so often, or more often, than they were closed. */
  handles(atLeast: number): number[] {
    return [...this.#handles.keys()].filter((i) => (this.#handles[i] as Opened).openCount >= atLeast);
  }

  open(name: string, { global = false, noLoad = false, noDelete = false }: Flags): Answer {
    let root = this.#find(name);
    if (root === undefined) {
      if (noLoad) return "error";
      const added = this.#load(name);
      if (added === undefined) return "error";
      root = added[0] as Opened;
    }
    root.openCount++;
    root.isKept ||= noDelete;
    if (global) for (const one of breadthFirst(root)) if (!this.#global.includes(one)) this.#global.push(one);
    if (!this.#handles.includes(root)) this.#handles.push(root);
    return this.#handles.indexOf(root);
  }

  close(handle: number): Answer {
    (this.#handles[handle] as Opened).openCount--;
    const kept = new Set(this.#open.filter((one) => one.openCount > 0 || one.isKept));
    for (const one of kept) for (const other of [...one.needed, ...one.bound.values()]) if (other) kept.add(other);
    this.#open = this.#open.filter((one) => kept.has(one));
    this.#global = this.#global.filter((one) => one === this.#program || kept.has(one));
    return 0;
  }

  call(where: Where, name: string, parameter: number): Answer {
    const owner = this.#symbol(where, name);
    return owner === undefined ? "error" : evaluate(owner, name, parameter);
  }

  data(where: Where, name: string): Answer {
    return this.#symbol(where, name)?.data.get(name) ?? "error";
  }

  same(where: Where, name: string, where2: Where, name2: string): Answer {
    const [one, other] = [this.#symbol(where, name), this.#symbol(where2, name2)];
    if (one === undefined) return "error";
    return one === other && name === name2 ? 1 : 0;
  }

  #find(name: string): Opened | undefined {
    return this.#open.find((one) => one.name === name);
  }

  #symbol(where: Where, name: string): Opened | undefined {
    const scope = typeof where === "number" ? breadthFirst(this.#handles[where] as Opened) : this.#global;
    return scope.find((one) => defines(one, name));
  }

  #load(name: string): Opened[] | undefined {
    const added: Opened[] = [];
    const arrive = (wanted: string): Opened => {
      const known = this.#find(wanted) ?? added.find((one) => one.name === wanted);
      if (known !== undefined) return known;
      const { functions, data, hook, start = 0 } = this.#specs.get(wanted) as LibrarySpec;
      const words = data.map(({ name, value }): [string, number] => [name, value]);
      const one = opened(wanted, functions, [...words, ...(hook ? [[hook.found, 0] as const] : [])], start);
      added.push(one);
      return one;
    };
    arrive(name);
    for (const one of added) one.needed.push(...(this.#specs.get(one.name) as LibrarySpec).needed.map(arrive));
    const scope = [...this.#global, ...breadthFirst(added[0] as Opened)];
    for (const one of added) if (!bind(one, this.#specs.get(one.name) as LibrarySpec, scope)) return undefined;
    this.#open.push(...added);
    const done = new Set<Opened>();
    for (const one of added) this.#construct(one, added, done);
    return added;
  }

  #construct(one: Opened, added: readonly Opened[], done: Set<Opened>): void {
    if (!added.includes(one) || done.has(one)) return;
    done.add(one);
    for (const needed of one.needed) this.#construct(needed, added, done);
    const { hook } = this.#specs.get(one.name) as LibrarySpec;
    if (hook === undefined) return;
    const { found, constant, sum } = hook;
    const terms = sum.map((name) => (one.bound.get(name) as Opened).data.get(name) as number);
    one.data.set(found, wrapped(constant, ...terms));
    this.#program.data.set("host_value", wrapped(this.#program.data.get("host_value") as number, constant));
  }
}

function opened(
  name: string,
  functions: readonly FunctionSpec[],
  data: readonly (readonly [string, number])[],
  calls = 0,
): Opened {
  return {
    name,
    functions: new Map(functions.map((one) => [one.name, one])),
    data: new Map(data),
    needed: [],
    bound: new Map(),
    calls,
    openCount: 0,
    isKept: false,
  };
}

const defines = (one: Opened, name: string) => one.functions.has(name) || one.data.has(name);

function breadthFirst(root: Opened): Opened[] {
  const found = new Set([root]);
  for (const one of found) for (const needed of one.needed) found.add(needed);
  return [...found];
}

/** @returns whether all is there that must be */
function bind(one: Opened, { functions, weak, hook }: LibrarySpec, scope: readonly Opened[]): boolean {
  const terms = functions.flatMap((func) => func.terms.flatMap((term) => ("name" in term ? [term.name] : [])));
  const wanted = [...terms, ...(hook === undefined ? [] : [...hook.sum, "host_value"])];
  for (const name of wanted) {
    const definer = scope.find((other) => defines(other, name));
    if (definer === undefined && !weak.has(name)) return false;
    one.bound.set(name, definer);
  }
  return true;
}

function evaluate(owner: Opened, name: string, parameter: number): number {
  const { constant, terms } = owner.functions.get(name) as FunctionSpec;
  return terms.reduce((sum, term) => wrapped(sum, valueOfTerm(term, owner, parameter)), wrapped(parameter, constant));
}

function valueOfTerm(term: Term, owner: Opened, parameter: number): number {
  if (term.kind === "calls so far") return ++owner.calls;
  const definer = owner.bound.get(term.name);
  if (definer === undefined) return MISSING;
  if (term.kind === "call" || term.kind === "call address") return evaluate(definer, term.name, parameter + 1);
  if (term.kind === "increment") definer.data.set(term.name, wrapped(definer.data.get(term.name) as number, 1));
  return definer.data.get(term.name) as number;
}

const wrapped = (...numbers: number[]) => numbers.reduce((left, right) => (left + right) | 0, 0);
