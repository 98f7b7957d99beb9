import type { DefinedFunction, WantedFunction } from "../link/library.js";
import type { Signature } from "../link/signature.js";
import { failDl } from "./interface.js";
import type { Owner } from "./plan.js";

/** What has symbols: a part of the program, or a library. */
export interface Definer {
  readonly owner: Owner;
  readonly name: string;
  readonly functions: ReadonlyMap<string, DefinedFunction>;
  /** Addresses. */
  readonly data: ReadonlyMap<string, number>;
  readonly tags: ReadonlyMap<string, Signature>;
}

/** Where symbols are looked for, in order. */
export type Scope = readonly Definer[];

export interface FoundFunction {
  readonly definer: Definer;
  readonly func: DefinedFunction;
}

/**
 * Where a library's symbols are looked for, as in ELF: in the program and what is global, and then in the library that is opened
 * and what it needs, breadth first. So the first definition is everyone's, also a library's own uses of what it exports.
 */
export function scopeOf(global: Scope, local: Scope): Scope {
  return [...new Set([...global, ...local])];
}

/** The function that a call of a name reaches, whose type must be the one that the caller wants. */
export function findFunction(
  scope: Scope,
  { name, signature }: Pick<WantedFunction, "name" | "signature">,
  caller: string,
): FoundFunction | undefined {
  const found = findPointee(scope, name);
  if (found === undefined || found.func.signature === signature) return found;
  return failDl(
    `Error relocating ${caller}: it calls ${name} as ${signature}, and ${found.definer.name} defines it as ${found.func.signature}`,
  );
}

/** Whose address a function's address is. */
export function findPointee(scope: Scope, name: string): FoundFunction | undefined {
  for (const definer of scope) {
    const func = definer.functions.get(name);
    if (func !== undefined) return { definer, func };
  }
  return undefined;
}

export interface FoundData {
  readonly definer: Definer;
  readonly address: number;
}

export function findData(scope: Scope, name: string): FoundData | undefined {
  for (const definer of scope) {
    const address = definer.data.get(name);
    if (address !== undefined) return { definer, address };
  }
  return undefined;
}

export function findTag(scope: Scope, { name, signature }: WantedFunction): Definer | undefined {
  return scope.find(({ tags }) => tags.get(name) === signature);
}
