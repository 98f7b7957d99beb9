import { describe, expect, onTestFinished, test } from "vitest";
import { checkEngine } from "../src/check-engine.js";
import { instrument, link, preinitialize, rewrite } from "../src/index.js";

describe("the engine", () => {
  test.each([{ node: "22.12.0" }, { node: "24.0.0" }, { node: "26.10.0" }, { node: "22.12.0-nightly" }])(
    "%o is taken",
    (versions) => {
      expect(() => checkEngine(versions)).not.toThrow();
    },
  );

  test.each([
    [{ node: "20.20.2" }, "Node 20.20.2"],
    [{ node: "22.11.0" }, "Node 22.11.0"],
    [{ node: "26.3.0", bun: "1.4.5" }, "Bun 1.4.5"],
  ])("%o is refused by name", (versions, name) => {
    expect(() => checkEngine(versions)).toThrow(`component-init needs Node 22.12 or later, and this is ${name}`);
  });

  test.each<[string, () => unknown]>([
    ["preinitialize", () => preinitialize(new Uint8Array())],
    ["instrument", () => instrument(new Uint8Array())],
    ["rewrite", () => rewrite(new Uint8Array(), { instances: [] })],
    ["link", () => link([])],
  ])("is looked at by %s, before anything else", async (_, call) => {
    const descriptor = Object.getOwnPropertyDescriptor(process, "versions") as PropertyDescriptor;
    onTestFinished(() => void Object.defineProperty(process, "versions", descriptor));
    Object.defineProperty(process, "versions", { ...descriptor, value: { node: "26.3.0", bun: "1.4.5" } });
    await expect((async () => call())()).rejects.toMatchObject({
      code: "unsupported",
      message: /this is Bun 1\.4\.5$/,
    });
  });
});
