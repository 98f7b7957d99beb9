import v8 from "node:v8";
import { STACK_DEPTH } from "../deep-stack.js";

/**
 * Settings of V8 for a process that runs one initialization and ends. A library must leave these to its caller.
 *
 * - Functions have to run longer before V8 optimizes them: most of an initialization is over by then, and the optimizing
 *   compiler takes a core of its own. What does run long is still optimized.
 * - The young generation stays small: the host makes much garbage, and memory matters more than rare collections.
 * - The stack of a trap is deeper than ten frames: a language's own code for its errors alone has as many.
 */
export function tuneEngine(): void {
  v8.setFlagsFromString("--wasm-tiering-budget=1000000000");
  v8.setFlagsFromString("--semi-space-growth-factor=1");
  Error.stackTraceLimit = STACK_DEPTH;
}
