import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, test } from "vitest";

test("the example of plug-ins gives the answers that its README promises", async () => {
  const script = fileURLToPath(new URL("../../examples/plugins/run.mjs", import.meta.url));
  const { stdout } = await execa(process.execPath, [script]);
  const answers = "100 C = 212 F, 12 furlongs = 1.5 miles, 2 inches = 50.8 mm";
  expect(stdout.split("\n")).toEqual([`app.init.wasm: ${answers}`, `linked.init.wasm: ${answers}`]);
});
