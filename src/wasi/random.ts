import { randomBytes } from "node:crypto";
import type { Activity } from "./activity.js";
import { trap } from "./trap.js";

/**
 * The seed of every run unless another is given. What initialization draws is the same for everyone and ships inside
 * the output, so no choice of seed would make it secret.
 */
export const DEFAULT_SEED = 0x636f6d70_6f6e656en; // "componen"

/** Above this a request traps: the WIT wants exactly `len` bytes, and `len` may be 2^64-1. Wasmtime has the same limit. */
const MAX_BYTES = 64n * 1024n * 1024n;

/** Which of the interfaces draws: each has a sequence of its own, so that using one does not change another. */
type Sequence = 1 | 2 | 3;

/** sfc32 by Chris Doty-Humphrey (PractRand): 128 bits of state, one of them a counter, so no seed is a bad one. */
export class Sfc32 {
  readonly #state: Uint32Array;

  constructor(seed: bigint, sequence: Sequence) {
    this.#state = new Uint32Array([Number(seed & 0xffffffffn), Number((seed >> 32n) & 0xffffffffn), sequence, 1]);
    // The reference implementation mixes a new state for 15 rounds.
    for (let i = 0; i < 15; i++) this.nextU32();
  }

  nextU32(): number {
    const [a = 0, b = 0, c = 0, counter = 0] = this.#state;
    const result = (a + b + counter) >>> 0;
    this.#state[0] = b ^ (b >>> 9);
    this.#state[1] = c + (c << 3);
    this.#state[2] = ((c << 21) | (c >>> 11)) + result;
    this.#state[3] = counter + 1;
    return result;
  }

  nextU64(): bigint {
    const low = BigInt(this.nextU32());
    return (BigInt(this.nextU32()) << 32n) | low;
  }

  nextBytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 4) {
      const word = this.nextU32();
      // A typed array drops what is written past its end.
      for (let i = 0; i < 4; i++) bytes[at + i] = word >>> (8 * i);
    }
    return bytes;
  }
}

interface Generator {
  nextU64(): bigint;
  nextBytes(length: number): Uint8Array;
}

/** The operating system's generator. */
const REAL: Generator = {
  nextU64: () => randomBytes(8).readBigUInt64LE(),
  nextBytes: (length) => randomBytes(length),
};

export type Seed = bigint | "real";

/** A generator that counts what it gives. */
function generatorOf(seed: Seed, sequence: Sequence, activity: Activity): Generator {
  const source = seed === "real" ? REAL : new Sfc32(seed, sequence);
  return {
    nextU64() {
      activity.randomBytes += 8;
      return source.nextU64();
    },
    nextBytes(length) {
      activity.randomBytes += length;
      return source.nextBytes(length);
    },
  };
}

function boundedBytes(generator: Generator, len: bigint, name: string): Uint8Array {
  if (len > MAX_BYTES) trap(`${name} was asked for ${len} bytes, which is more than ${MAX_BYTES}`);
  return generator.nextBytes(Number(len));
}

export function createRandom(seed: Seed, activity: Activity) {
  const generator = generatorOf(seed, 1, activity);
  return {
    getRandomBytes: (len: bigint): Uint8Array => boundedBytes(generator, len, "wasi:random/random#get-random-bytes"),
    getRandomU64: (): bigint => generator.nextU64(),
  };
}

export function createInsecureRandom(seed: Seed, activity: Activity) {
  const generator = generatorOf(seed, 2, activity);
  return {
    getInsecureRandomBytes: (len: bigint): Uint8Array =>
      boundedBytes(generator, len, "wasi:random/insecure#get-insecure-random-bytes"),
    getInsecureRandomU64: (): bigint => generator.nextU64(),
  };
}

export function createInsecureSeed(seed: Seed, activity: Activity) {
  const generator = generatorOf(seed, 3, activity);
  let value: readonly [bigint, bigint] | undefined;
  // WIT: the value "is not required to be computed from a CSPRNG, and may even be entirely deterministic".
  return { insecureSeed: () => (value ??= [generator.nextU64(), generator.nextU64()]) };
}
