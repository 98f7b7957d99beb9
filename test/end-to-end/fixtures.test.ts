import { describe, expect, test } from "vitest";
import { ENGINES } from "../support/differential.js";
import { fixtureNames, fixturePreopen, loadFixture } from "../support/fixtures.js";
import { comparable, InstantiationError, type SessionOptions } from "../support/session.js";
import { validate } from "../support/wat.js";

// wasm-tools refuses every component with a start function: "cannot have more than one".
const VALIDATED = fixtureNames().filter((name) => !/^component-start(-nested)?$/.test(name));

test.each(VALIDATED)("%s is a valid component", async (name) => {
  await expect(loadFixture(name).then(validate)).resolves.toBeUndefined();
});

interface Behaviour {
  readonly fixture: string;
  readonly session: SessionOptions;
  readonly outcomes: readonly unknown[];
}

// The inputs that are to be refused do what they are refused for.
const behaviours: Behaviour[] = [
  { fixture: "init-result", session: { calls: [{ export: "init-err" }] }, outcomes: [{ err: "no such table" }] },
  { fixture: "init-result", session: { calls: [{ export: "init-bare-err" }] }, outcomes: [{ err: null }] },
  { fixture: "init-traps", session: { calls: [{ export: "init" }] }, outcomes: [{ trap: true }] },
  { fixture: "init-traps", session: { calls: [{ export: "recurse" }] }, outcomes: [{ trap: true }] },
  { fixture: "unused-import", session: { calls: [{ export: "call-import" }] }, outcomes: [{ trap: true }] },
  // WASI 0.2 has no exit codes, only success and failure.
  { fixture: "c-exit", session: { calls: [{ export: "init" }] }, outcomes: [{ exit: 1 }] },
  { fixture: "c-exit", session: { calls: [{ export: "finish" }] }, outcomes: [{ exit: 0 }] },
  {
    fixture: "c-open-file",
    session: {
      wasi: { preopens: [fixturePreopen("c-open-file", "/data")] },
      calls: [{ export: "init" }, { export: "first-byte" }],
    },
    outcomes: [{ ok: null }, { ok: "l".charCodeAt(0) }],
  },
  {
    fixture: "two-interfaces",
    session: { calls: [{ export: ["local:app/second", "start"] }, { export: "get" }] },
    outcomes: [{ ok: null }, { ok: 2 }],
  },
];

describe.each(ENGINES)("in $name", ({ available, session }) => {
  test.runIf(available).each(behaviours)("$fixture: $outcomes", async (one) => {
    const { outcomes } = await session(await loadFixture(one.fixture), one.session);
    expect(comparable(outcomes)).toEqual(one.outcomes);
  });

  test.runIf(available)("start-traps does not come to life", async () => {
    await expect(session(await loadFixture("start-traps"), { calls: [] })).rejects.toThrow(InstantiationError);
  });
});
