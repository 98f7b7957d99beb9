import { expect, test } from "vitest";
import { JcoThread } from "../../src/jco/jco-thread.js";
import { loadFixture } from "../support/fixtures.js";
import { wat } from "../support/wat.js";

test("a panic in jco is one clear error, and the next request works", async () => {
  // With several memories bindgen looks into function bodies, and believes that they are valid.
  const invalid = await wat(`(component
    (core module $m (memory 1) (memory 1) (func (export "f") nop nop nop nop (drop (i32.load 1 (i32.const 0)))))
    (core instance $i (instantiate $m)) (func (export "f") (canon lift (core func $i "f"))))`);
  const at = Buffer.from(invalid).indexOf(Uint8Array.of(1, 1, 1, 1));
  invalid[at] = 0xc7;
  const thread = new JcoThread();
  try {
    await expect(thread.generate(invalid, 1)).rejects.toThrow(/jco cannot generate bindings/);
    expect(await thread.validate(await loadFixture("memory-writes"))).toBeUndefined();
    expect((await thread.generate(await loadFixture("memory-writes"), 1)).source).toContain("instantiate");
  } finally {
    await thread.close();
  }
});
