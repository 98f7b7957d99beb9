import { describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { checkOriginal, checkOutput, type DifferentialCase, enginesWith, outputOf } from "../support/differential.js";
import { fixturePreopen, loadFixture } from "../support/fixtures.js";

const OPTIONS = { initFunc: "none", preopens: [fixturePreopen("cc-static", "/data")] };
const one: DifferentialCase = {
  title: "static constructors",
  fixture: "cc-static",
  options: OPTIONS,
  calls: [
    { export: "order" },
    { export: "lookup", args: ["forty-two"] },
    { export: "add", args: ["three", 3] },
    { export: "lookup", args: ["three"] },
    { export: "destroyed" },
  ],
  expected: [{ ok: "first second constructor third, virtually" }, { ok: 42 }, { ok: 3 }, { ok: 3 }, { ok: 0 }],
};

describe.each(enginesWith("directories"))("C++ in $name", (engine) => {
  test.runIf(engine.available)("the original constructs when it is instantiated", () => checkOriginal(engine, one));

  test.runIf(engine.available)("the output is constructed", async () => {
    await checkOutput(engine, one, await outputOf(one));
  });

  test.runIf(engine.available)("the output prints what is printed later, and nothing twice", async () => {
    const calls = [{ export: "say", args: ["hello"] }];
    expect((await engine.session(await outputOf(one), { calls })).stdout).toBe("hello\n");
  });
});

test("what constructors print is in the report", async () => {
  const { report } = await preinitialize(await loadFixture("cc-static"), OPTIONS);
  expect(report).toMatchObject({ stdout: "read 2 entries\n", warnings: [], handles: [] });
});
