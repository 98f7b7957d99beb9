import { describe, expect, test } from "vitest";
import { Refusals } from "../../src/host/refusals.js";
import { thrown } from "../wasi/support.js";

describe("a denial", () => {
  test("is the error case that the guest gets, and is counted", () => {
    const interruptions: Error[] = [];
    const refusals = new Refusals((error) => interruptions.push(error));
    expect(thrown(() => refusals.deny("wasi:a/b#f", "--grant", "access-denied"))).toBe("access-denied");
    const variant = { tag: "HTTP-request-denied" };
    expect(thrown(() => refusals.deny("wasi:a/b#g", "--import", variant))).toBe(variant);
    thrown(() => refusals.deny("wasi:a/b#f", "--grant", "access-denied"));
    expect(refusals.list()).toEqual([
      { import: "wasi:a/b#f", count: 2 },
      { import: "wasi:a/b#g", count: 1 },
    ]);
    expect(refusals.describe()).toEqual([
      "not granted:",
      "  wasi:a/b#f answered access-denied to each of 2 calls (grant it with --grant)",
      "  wasi:a/b#g answered HTTP-request-denied (grant it with --import)",
    ]);
    expect(interruptions).toEqual([]);
  });

  test("of a change in a read-only directory says which one, and how to make it writable", () => {
    const refusals = new Refusals(() => {});
    refusals.noteReadOnly("/data");
    refusals.noteReadOnly("/data");
    expect(refusals.list()).toEqual([{ import: "wasi:filesystem/types", path: "/data", count: 2 }]);
    expect(refusals.describe()).toEqual([
      "not granted:",
      "  wasi:filesystem/types in /data answered read-only to each of 2 calls (grant it with --dir HOST::/data::rw, or ::overlay)",
    ]);
  });

  test("needs no words when there was none", () => {
    expect(new Refusals(() => {}).describe()).toEqual([]);
  });
});

test("what cannot be denied interrupts the guest, with a stack that is deeper than V8's", () => {
  const interruptions: Error[] = [];
  const refusals = new Refusals((error) => interruptions.push(error));
  const deep = (levels: number): never => (levels === 0 ? refusals.trap("no") : deep(levels - 1));
  const error = thrown(() => deep(20));
  expect(interruptions).toEqual([error]);
  expect(error).toMatchObject({ code: "not-granted", message: "no" });
  expect((error as Error).stack?.match(/at deep/g)).toHaveLength(21);
});
