import type { MemoryRange } from "../../src/snapshot/model.js";

/** Numbers that are the same on every run: a failure must be repeatable. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, not including, `limit` (mulberry32). */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }
}

/** A memory with about `density` of its bytes in runs that are not zero. */
export function randomMemory(size: number, density: number, random: Random): Uint8Array {
  const memory = new Uint8Array(size);
  if (size === 0) return memory;
  for (let set = 0; set < size * density; ) {
    const start = random.below(size);
    const length = Math.min(1 + random.below(40), size - start);
    for (let i = 0; i < length; i++) memory[start + i] = random.below(256);
    set += length;
  }
  return memory;
}

/** What an engine makes of zeros with active segments. */
export function applied(ranges: readonly MemoryRange[], size: number): Uint8Array {
  const memory = new Uint8Array(size);
  for (const { offset, bytes } of ranges) memory.set(bytes, offset);
  return memory;
}
