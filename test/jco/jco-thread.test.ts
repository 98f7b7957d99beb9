import { expect, test } from "vitest";
import { JcoThread } from "../../src/jco/jco-thread.js";
import { loadFixture } from "../support/fixtures.js";
import { wat } from "../support/wat.js";

test("what is wrong is said, and the next request works", async () => {
  const invalid = await wat(`(component
    (core module $m (func (export "f"))) (core instance $i (instantiate $m))
    (func (export "f") (result u32) (canon lift (core func $i "f"))))`);
  const thread = new JcoThread();
  try {
    expect(await thread.validate(invalid)).toContain("lowered result types");
    expect(await thread.validate(await loadFixture("memory-writes"))).toBeUndefined();
  } finally {
    await thread.close();
  }
});
