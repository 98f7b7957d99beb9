import { referencedFunction } from "../../binary/const-expr.js";
import { ByteReader } from "../../binary/reader.js";
import type { ElementItems, ElementSegment } from "../segments.js";
import type { Reachable } from "./reachability.js";
import { type ReferenceVisitor, ReferenceWalker } from "./references.js";

export interface KeptElements {
  /** By old index what is left of each segment; `undefined` when nothing is. In terms of old indices. */
  readonly segments: readonly (ElementSegment | undefined)[];
  /** A new segment behind them, for functions that only removed items declared. */
  readonly added: ElementSegment | undefined;
}

/**
 * What is left of the element segments: the live ones, and of `declared` ones, which have no effect of their own, the
 * functions that live code takes references of.
 */
export function keepElements(segments: readonly ElementSegment[], reachable: Reachable): KeptElements {
  const missing = new Set([...reachable.referenced].filter((func) => !reachable.declared.has(func)));
  const kept = segments.map((segment, i) => {
    if (reachable.live.element[i] === 1) return segment;
    return segment.mode.kind === "declared" ? keepDeclared(segment, reachable.referenced) : undefined;
  });
  kept.forEach((segment, i) => {
    if (segment === undefined || reachable.live.element[i] === 1) return;
    for (const func of functionsOf(segment.items)) missing.delete(func);
  });
  return { segments: kept, added: missing.size === 0 ? undefined : declare([...missing].sort((a, b) => a - b)) };
}

/** A function that is exported stays: what else declares it may go in a later pass. */
function keepDeclared(segment: ElementSegment, referenced: ReadonlySet<number>): ElementSegment | undefined {
  const functions = functionsOf(segment.items);
  const kept = functions.filter((func) => referenced.has(func));
  if (kept.length === 0) return undefined;
  return kept.length === functions.length && namesOnlyFunctions(segment.items) ? segment : declare([...new Set(kept)]);
}

/** Other expressions name more than functions, and their type may be one that nothing else keeps. */
function namesOnlyFunctions(items: ElementItems): boolean {
  if (items.kind === "functions") return true;
  return items.type.heap.kind === "abstract" && items.exprs.every((expr) => referencedFunction(expr) !== undefined);
}

function declare(indices: readonly number[]): ElementSegment {
  return { mode: { kind: "declared" }, items: { kind: "functions", indices } };
}

function functionsOf(items: ElementItems): readonly number[] {
  if (items.kind === "functions") return items.indices;
  const functions: number[] = [];
  const visitor: ReferenceVisitor = {
    index: (space, index) => {
      if (space === "func") functions.push(index);
    },
    typeIndex: () => {},
    memoryArgument: () => {},
  };
  for (const expr of items.exprs) new ReferenceWalker(new ByteReader(expr), visitor).expression();
  return functions;
}
