import { describe, expect, test } from "vitest";
import { Refusals } from "../../src/host/refusals.js";
import { thrown } from "../wasi/support.js";

const linesOf = (refusals: Refusals) => refusals.describe((hints) => hints);

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
    expect(linesOf(refusals)).toEqual([
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
    expect(linesOf(refusals)).toEqual([
      "not granted:",
      "  wasi:filesystem/types in /data answered read-only to each of 2 calls (grant it with --dir HOST::/data::rw, or ::overlay)",
    ]);
  });

  test.each([
    ["wasi:sockets/tcp-create-socket@0.2.6#create-tcp-socket", "cannot connect to db:5432", true],
    ["wasi:http/outgoing-handler@0.2.0#handle", "fetch failed", true],
    ["wasi:keyvalue/store@0.2.0#open", "the store is empty", true],
    ["wasi:keyvalue/store@0.2.0#open", "Permission denied", true],
    ["wasi:keyvalue/store@0.2.0#open", "index out of bounds", false],
    ["wasi:sockets/udp@0.2.0#bind", "index out of bounds", false],
  ])("by %s can be what is meant by: %s", (name, words, isMeant) => {
    const refusals = new Refusals(() => {});
    thrown(() => refusals.deny(name, "--grant", "access-denied"));
    const chosen = refusals.describe((hints) => hints.filter(({ subject }) => subject.test(words)));
    expect(chosen).toHaveLength(isMeant ? 2 : 0);
  });

  test("needs no words when there was none", () => {
    expect(linesOf(new Refusals(() => {}))).toEqual([]);
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
