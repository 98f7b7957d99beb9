import type { Prng } from "../prng.js";
import type { FaultSource } from "./faults.js";
import {
  isNamed,
  type NamedType,
  type Pointer,
  partsOf,
  type Resource,
  resourcesIn,
  type Spelling,
  type Type,
} from "./shapes.js";

/** A function of components. */
export interface Func {
  readonly name: string;
  readonly params: readonly Type[];
  readonly result: Type | undefined;
  /** By its type: it may wait, and does not. */
  readonly isAsync?: boolean;
}

/** A component of a case before its text: who contains whom, who exports what. */
export interface Plan {
  readonly index: number;
  readonly pointer: Pointer;
  /** Components in this one, which can call each other in this order. */
  readonly children: readonly Plan[];
  /** Of components beside it, or of the one around it. */
  readonly imported: readonly Func[];
  readonly resources: readonly Resource[];
  /** What it lifts from a module that the main module comes after: also its children can have these. */
  readonly early: readonly Func[];
  readonly exported: readonly Func[];
  /** Functions of its children that it exports, too. */
  readonly passedOn: readonly Func[];
}

export function allFuncs({ early, exported, passedOn }: Plan): readonly Func[] {
  return [...early, ...exported, ...passedOn];
}

/** What lets one see the state of a component and of those in it. */
export function observersOf(plan: Plan): Func[] {
  const own = [
    { name: `get-${plan.index}`, params: [], result: { kind: "u64" } },
    { name: `seen-${plan.index}`, params: [], result: { kind: "u64" } },
    { name: `word-${plan.index}`, params: [{ kind: "u32" }], result: { kind: "u64" } },
  ] as const;
  return [...plan.children.flatMap(observersOf), ...own];
}

/** Parts of a case that can be left out of it, to find out which of them matters. */
export interface Parts {
  optional(text: string): string;
}

export interface WriterContext {
  readonly random: Prng;
  readonly faults: FaultSource;
  readonly spelling: Spelling;
  readonly parts: Parts;
  /** Whether something in the components can wait, so that all calls are made as those that can. */
  readonly mayWait: boolean;
}

export function signatureTypes(funcs: readonly Func[]): Type[] {
  return funcs.flatMap(({ params, result }) => [...params, ...(result === undefined ? [] : [result])]);
}

export function resourcesOf(funcs: readonly Func[]): Resource[] {
  return [...new Set(signatureTypes(funcs).flatMap(resourcesIn))];
}

export function namedTypesOf(funcs: readonly Func[]): NamedType[] {
  return [...new Set(signatureTypes(funcs).flatMap(partsOf).filter(isNamed))];
}
