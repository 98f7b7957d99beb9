import { describe, expect, it } from "vitest";
import { Activity } from "../../src/wasi/activity.js";
import { createRandom, Sfc32 } from "../../src/wasi/random.js";
import { makeHost, thrown, U64_MAX } from "./support.js";

describe("random", () => {
  it("is the same in every host", () => {
    const draw = () => {
      const { imports } = makeHost();
      return [
        imports["wasi:random/random"].getRandomBytes(33n),
        imports["wasi:random/random"].getRandomU64(),
        imports["wasi:random/insecure"].getInsecureRandomBytes(5n),
        imports["wasi:random/insecure"].getInsecureRandomU64(),
        imports["wasi:random/insecure-seed"].insecureSeed(),
      ];
    };
    expect(draw()).toEqual(draw());
  });

  it("depends on the seed, all 64 bits of it", () => {
    const first = [0n, 1n, 1n << 32n, 1n << 63n].map((seed) => createRandom(seed, new Activity()).getRandomU64());
    expect(new Set(first).size).toBe(4);
  });

  it("has a sequence per interface, which others do not disturb", () => {
    const { imports } = makeHost();
    const other = makeHost().imports;
    imports["wasi:random/insecure"].getInsecureRandomU64();
    imports["wasi:random/insecure-seed"].insecureSeed();
    const value = imports["wasi:random/random"].getRandomU64();
    expect(value).toBe(other["wasi:random/random"].getRandomU64());
    expect(value).not.toBe(other["wasi:random/insecure"].getInsecureRandomU64());
  });

  it("goes on: it does not repeat itself", () => {
    const random = makeHost().imports["wasi:random/random"];
    const values = new Set(Array.from({ length: 1000 }, () => random.getRandomU64()));
    expect(values.size).toBe(1000);
    for (const value of values) expect(value >= 0n && value <= U64_MAX).toBe(true);
  });

  it("spreads over all bytes", () => {
    const counts = new Array<number>(256).fill(0);
    for (const byte of makeHost().imports["wasi:random/random"].getRandomBytes(256_000n)) (counts[byte] as number)++;
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
  });

  it("gives exactly as many bytes as asked for", () => {
    const random = makeHost().imports["wasi:random/random"];
    expect([0n, 1n, 3n, 4n, 70_001n].map((len) => random.getRandomBytes(len).length)).toEqual([0, 1, 3, 4, 70_001]);
  });

  it("traps on lengths that no guest can mean", () => {
    const { imports } = makeHost();
    const tooMuch = [
      () => imports["wasi:random/random"].getRandomBytes(U64_MAX),
      () => imports["wasi:random/insecure"].getInsecureRandomBytes(64n * 1024n * 1024n + 1n),
    ];
    for (const call of tooMuch) expect(thrown(call)).toBeInstanceOf(WebAssembly.RuntimeError);
  });

  it("gives one insecure seed", () => {
    const { insecureSeed } = makeHost().imports["wasi:random/insecure-seed"];
    expect(insecureSeed()).toEqual(insecureSeed());
    expect(insecureSeed()[0]).not.toBe(insecureSeed()[1]);
  });

  it("is not the same in every host when it is real", () => {
    const draw = () => {
      const { imports } = makeHost({ random: "real" });
      return [
        imports["wasi:random/random"].getRandomBytes(16n),
        imports["wasi:random/insecure"].getInsecureRandomU64(),
        imports["wasi:random/insecure-seed"].insecureSeed(),
      ];
    };
    const [first, second] = [draw(), draw()];
    expect(first[0]).toHaveLength(16);
    for (const [i, value] of first.entries()) expect(value).not.toEqual(second[i]);
  });

  it.each([undefined, "real"] as const)("counts what is drawn (random: %s)", (random) => {
    const { imports, activity } = makeHost(random === undefined ? {} : { random });
    expect(activity.randomBytes).toBe(0);
    imports["wasi:random/random"].getRandomBytes(5n);
    imports["wasi:random/random"].getRandomU64();
    imports["wasi:random/insecure"].getInsecureRandomBytes(3n);
    imports["wasi:random/insecure-seed"].insecureSeed();
    imports["wasi:random/insecure-seed"].insecureSeed();
    expect(activity.randomBytes).toBe(5 + 8 + 3 + 16);
  });

  it("is sfc32", () => {
    // The reference: (a + b + counter++), a = b ^ b >> 9, b = c + (c << 3), c = rotl(c, 21) + result; 15 rounds first.
    let [a, b, c, counter] = [0x89abcdefn, 0x01234567n, 2n, 1n];
    const mask = 0xffffffffn;
    const next = () => {
      const result = (a + b + counter++) & mask;
      a = b ^ (b >> 9n);
      b = (c + (c << 3n)) & mask;
      c = (((c << 21n) | (c >> 11n)) + result) & mask;
      return Number(result);
    };
    for (let i = 0; i < 15; i++) next();
    const generator = new Sfc32(0x01234567_89abcdefn, 2);
    expect(Array.from({ length: 50 }, () => generator.nextU32())).toEqual(Array.from({ length: 50 }, next));
  });
});
