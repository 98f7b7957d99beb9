import v8 from "node:v8";

/**
 * Settings of V8 for a process that runs one initialization and ends. A library must leave these to its caller.
 *
 * - Functions have to run longer before V8 optimizes them: most of an initialization is over by then, and the optimizing
 *   compiler takes a core of its own. What does run long is still optimized.
 * - The young generation stays small: the host makes much garbage, and memory matters more than rare collections.
 */
export function tuneEngine(): void {
  v8.setFlagsFromString("--wasm-tiering-budget=1000000000");
  v8.setFlagsFromString("--semi-space-growth-factor=1");
}
