import { describe, expect, it } from "vitest";
import { ContentCache } from "../../../src/wasi/filesystem/content-cache.js";

describe("the content cache", () => {
  const [a, b, c] = [{}, {}, {}];
  const content = (length: number) => new Uint8Array(length);

  it("evicts what was used longest ago", () => {
    const cache = new ContentCache(10);
    cache.set(a, content(4));
    cache.set(b, content(4));
    cache.get(a);
    cache.set(c, content(4));
    expect([a, b, c].map((key) => cache.get(key)?.length)).toEqual([4, undefined, 4]);
  });

  it("counts a replaced content once, and keeps nothing that is too large", () => {
    const cache = new ContentCache(10);
    for (let i = 0; i < 5; i++) cache.set(a, content(6));
    cache.set(b, content(4));
    expect([a, b].map((key) => cache.get(key)?.length)).toEqual([6, 4]);
    cache.set(c, content(11));
    expect([a, b, c].map((key) => cache.get(key))).toEqual([undefined, undefined, undefined]);
    cache.set(a, content(10));
    expect(cache.get(a)?.length).toBe(10);
  });
});
