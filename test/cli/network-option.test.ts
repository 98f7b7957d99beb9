import { describe, expect, test } from "vitest";
import { parseNetwork, withNetworkValues } from "../../src/cli/network-option.js";

describe("--allow-network", () => {
  test.each([
    [["--allow-network"], ["--allow-network=*"]],
    [
      ["--allow-network", "app.wasm"],
      ["--allow-network=*", "app.wasm"],
    ],
    [
      ["--allow-network", "-o", "x"],
      ["--allow-network=*", "-o", "x"],
    ],
    [
      ["--allow-network", "a.example:443", "app.wasm"],
      ["--allow-network=a.example:443", "app.wasm"],
    ],
    [["--allow-network", "[::1]:*"], ["--allow-network=[::1]:*"]],
    [["--allow-network=a:1"], ["--allow-network=a:1"]],
    [
      ["--allow-network", "--allow-network", "a:1"],
      ["--allow-network=*", "--allow-network=a:1"],
    ],
  ])("%j", (given, expected) => {
    expect(withNetworkValues(given)).toEqual(expected);
  });

  test("gives a list of destinations, all, or nothing", async () => {
    expect(await parseNetwork([])).toBeUndefined();
    expect(await parseNetwork(["a:1", "[::1]:*"])).toEqual(["a:1", "[::1]:*"]);
    expect(await parseNetwork(["a:1", "*"])).toBe(true);
  });

  // An empty value is what a variable that is not set leaves: it must not mean all.
  test.each(["", "a", "a:0", "https://a:1", "*:1"])("%j is refused", async (text) => {
    await expect(parseNetwork([text])).rejects.toThrow(/HOST:PORT is expected/);
  });
});
