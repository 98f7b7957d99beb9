import { describe, expect, test } from "vitest";
import { type ErrorCode, type PreinitializeOptions, preinitialize } from "../../src/index.js";
import { fixturePreopen, loadFixture } from "../support/fixtures.js";
import { jcoSession } from "../support/jco.js";
import { refusal } from "../support/refusal.js";
import { wat } from "../support/wat.js";

interface Refusal {
  readonly fixture: string;
  readonly options: PreinitializeOptions;
  readonly code: ErrorCode;
  /** What the message, or the lines below it, must tell. */
  readonly says: RegExp;
}

const refusals: Refusal[] = [
  { fixture: "init-result", options: { initFunc: "init-err" }, code: "init-failed", says: /no such table/ },
  { fixture: "init-result", options: { initFunc: "init-bare-err" }, code: "init-failed", says: /init-bare-err/ },
  { fixture: "init-traps", options: { initFunc: "init" }, code: "init-trapped", says: /deep_in_the_guest/ },
  { fixture: "init-traps", options: { initFunc: "recurse" }, code: "init-trapped", says: /stack/i },
  { fixture: "start-traps", options: { initFunc: "none" }, code: "init-trapped", says: /unreachable/ },
  { fixture: "unused-import", options: { initFunc: "call-import" }, code: "not-granted", says: /local:host\/log#line/ },
  { fixture: "unused-import", options: { initFunc: "ask" }, code: "not-granted", says: /answer/ },
  { fixture: "memory-writes", options: {}, code: "init-not-found", says: /peek/ },
  { fixture: "memory-writes", options: { initFunc: "setup" }, code: "init-not-found", says: /setup.*peek/ },
  { fixture: "memory-writes", options: { initFunc: "core:setup" }, code: "init-not-found", says: /core:setup/ },
  { fixture: "two-interfaces", options: { initFunc: "start" }, code: "init-ambiguous", says: /first.*second/s },
  { fixture: "same-core-export", options: { initFunc: "core:setup" }, code: "init-ambiguous", says: /setup.*setup/s },
  { fixture: "same-core-export", options: { initFunc: "core:takes-one" }, code: "init-signature", says: /takes-one/ },
  { fixture: "init-args", options: { initFunc: "init(1, 2, 3)" }, code: "init-signature", says: /string/ },
  { fixture: "init-args", options: { initFunc: "init" }, code: "init-signature", says: /name|argument|parameter/ },
  { fixture: "c-exit", options: { initFunc: "init" }, code: "init-exited", says: /giving up/ },
  {
    fixture: "c-open-file",
    options: { initFunc: "init", preopens: [fixturePreopen("c-open-file", "/data")] },
    code: "live-handles",
    says: /descriptor.*open-at/s,
  },
  {
    fixture: "c-reactor",
    options: { initFunc: "init", env: { MODE: "fast" }, args: ["app"] },
    code: "init-failed",
    says: /stdin is empty/,
  },
];

describe("refuses", () => {
  test.each(refusals)("$fixture with $options: $code", async ({ fixture, options, code, says }) => {
    const error = await refusal(await loadFixture(fixture), options, code);
    expect([error.message, ...error.details].join("\n")).toMatch(says);
  });

  test("a core module", async () => {
    await refusal(await wat('(module (func (export "init")))'), {}, "not-a-component");
  });

  test("a text", async () => {
    await refusal(new TextEncoder().encode("(component)"), {}, "not-a-component");
  });

  test("nothing", async () => {
    await refusal(new Uint8Array(), {}, "not-a-component");
  });

  test("a component that ends early, wherever it is cut", async () => {
    const whole = await loadFixture("init-args");
    // Cut behind a section it would be a smaller component, valid or not, so the last byte must be in the middle of one.
    for (const length of [9, 64, 300, whole.length - 1]) {
      await refusal(whole.subarray(0, length), { initFunc: "init" }, "malformed");
    }
  });
});

describe("what is named in full is found", () => {
  test.each(["core:first/only-here", "core:only-here"])("%s", async (initFunc) => {
    const { component } = await preinitialize(await loadFixture("same-core-export"), { initFunc });
    const { outcomes } = await jcoSession(component, { calls: [{ export: "first" }, { export: "second" }] });
    expect(outcomes).toEqual([{ ok: 3 }, { ok: 0 }]);
  });

  test.each([
    ["core:first/setup", [{ ok: 1 }, { ok: 0 }]],
    ["core:second/setup", [{ ok: 0 }, { ok: 2 }]],
    ["core:1/setup", [{ ok: 0 }, { ok: 2 }]],
  ])("%s", async (initFunc, expected) => {
    const { component } = await preinitialize(await loadFixture("same-core-export"), { initFunc });
    const { outcomes } = await jcoSession(component, { calls: [{ export: "first" }, { export: "second" }] });
    expect(outcomes).toEqual(expected);
  });

  test.each([
    ["local:app/first#start", 1],
    ["local:app/second#start", 2],
    ["local:app/second.start", 2],
  ])("%s", async (initFunc, state) => {
    const { component } = await preinitialize(await loadFixture("two-interfaces"), { initFunc });
    const { outcomes } = await jcoSession(component, { calls: [{ export: "get" }] });
    expect(outcomes).toEqual([{ ok: state }]);
  });
});
