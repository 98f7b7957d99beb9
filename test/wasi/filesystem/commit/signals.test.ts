import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setImmediate, setTimeout } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { withSignalsDeferred } from "../../../../src/wasi/filesystem/commit/signals.js";

/** Places in a turn of Node's loop. */
const PLACES: readonly (readonly [string, () => Promise<unknown>])[] = [
  ["after a file was read", () => readFile(import.meta.filename)],
  ["after a timer", () => setTimeout(1)],
  ["after an immediate", () => setImmediate()],
];

test.each(PLACES)("a signal that comes meanwhile has its effect afterwards, %s", async (_, place) => {
  const kill = vi.spyOn(process, "kill").mockImplementation(() => true);
  onTestFinished(() => kill.mockRestore());
  await place();
  const done = await withSignalsDeferred(() => {
    spawnSync("kill", ["-HUP", String(process.pid)]);
    expect(kill).not.toHaveBeenCalled();
    return "done";
  });
  expect(done).toBe("done");
  expect(kill.mock.calls).toEqual([[process.pid, "SIGHUP"]]);
});
