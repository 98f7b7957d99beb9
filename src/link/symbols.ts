import type { DefinedFunction, Library, WantedFunction } from "./library.js";
import type { Signature } from "./signature.js";

/** A function, and the library that has it. */
export interface FunctionBinding {
  readonly library: Library;
  readonly func: DefinedFunction;
}

export interface DataBinding {
  readonly library: Library;
  /** From where the library's memory starts. */
  readonly offset: number;
}

/**
 * What each symbol means to all libraries: the first definition in the order in which they are given, a library's own
 * uses of what it exports included, as in ELF.
 */
export class Symbols {
  readonly #functions = new Map<string, FunctionBinding[]>();
  readonly #data = new Map<string, DataBinding[]>();
  readonly #tags = new Map<string, Map<Signature, Library>>();

  constructor(libraries: readonly Library[]) {
    for (const library of libraries) {
      for (const func of library.definedFunctions.values()) add(this.#functions, func.name, { library, func });
      for (const [name, offset] of library.definedData) add(this.#data, name, { library, offset });
      for (const [name, signature] of library.definedTags) this.#addTag(name, signature, library);
    }
  }

  /** The function of a name, where it can be called as it is wanted. */
  callee({ name, signature }: WantedFunction): FunctionBinding | undefined {
    const first = this.pointee(name);
    return first?.func.signature === signature ? first : undefined;
  }

  /** Whose address a function's address is: `call_indirect` checks the type. */
  pointee(name: string): FunctionBinding | undefined {
    return this.functions(name)[0];
  }

  /** All functions of a name, in order. */
  functions(name: string): readonly FunctionBinding[] {
    return this.#functions.get(name) ?? [];
  }

  data(name: string): DataBinding | undefined {
    return this.#data.get(name)?.[0];
  }

  tag({ name, signature }: WantedFunction): Library | undefined {
    return this.#tags.get(name)?.get(signature);
  }

  #addTag(name: string, signature: Signature, library: Library): void {
    const known = this.#tags.get(name) ?? new Map<Signature, Library>();
    this.#tags.set(name, known);
    if (!known.has(signature)) known.set(signature, library);
  }

  get names(): string[] {
    return [...this.#functions.keys(), ...this.#data.keys(), ...this.#tags.keys()];
  }
}

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
