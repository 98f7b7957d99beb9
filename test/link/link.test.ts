import { describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { link } from "../../src/link/link.js";
import { enginesWith } from "../support/differential.js";
import { linked } from "../support/libraries.js";
import { comparable } from "../support/session.js";
import { validate } from "../support/wat.js";
import { LINK_CASES } from "./cases.js";

describe.each(LINK_CASES)("$title", (one) => {
  const component = (async () => linked(await one.libraries(), one.options))();

  test("is a valid component of the right libraries", async () => {
    await validate(await component);
    const given = (await one.libraries()).map(({ name }) => name);
    const { report } = await link(await one.libraries(), one.options);
    expect(report.libraries.map(({ name }) => name)).toEqual(given.filter((name) => !one.leftOut?.includes(name)));
    expect(report.leftOut).toEqual(one.leftOut ?? []);
  });

  for (const { name, available, session } of enginesWith(one.needs)) {
    test.runIf(available)(`works in ${name}`, async () => {
      const { outcomes } = await session(await component, { calls: one.calls });
      expect(comparable(outcomes)).toEqual(one.expected);
    });

    test.runIf(available)(`works in ${name} when it is pre-initialized`, async () => {
      const output = await preinitialize(await component, { initFunc: "none", verify: true });
      const { outcomes } = await session(output.component, { calls: one.calls });
      expect(comparable(outcomes)).toEqual(one.expected);
    });
  }
});
