import { describe, expect, test } from "vitest";
import { mergeSettings, type Settings } from "../../src/cli/settings.js";

const NOTHING = {
  libraries: [],
  adapters: {},
  libraryPath: [],
  env: {},
  importModules: {},
  modules: {},
  components: {},
  preopens: [],
};

describe("the command line over a manifest", () => {
  test("one value takes the place of the other", () => {
    const merged = mergeSettings({ initFunc: "a", gc: true, timeout: 1 }, { initFunc: "b", verify: true });
    expect(merged).toEqual({ ...NOTHING, initFunc: "b", gc: true, timeout: 1, verify: true });
  });

  test("names and guest paths stay unless they are given again", () => {
    const base: Settings = {
      env: { A: "1", B: "1" },
      modules: { m: "1" },
      importModules: { i: "1" },
      components: { c: "1" },
      preopens: [
        { host: "1", guest: "/a" },
        { archive: "1", guest: "/b" },
      ],
    };
    const over: Settings = {
      env: { B: "2" },
      modules: { n: "2" },
      importModules: { i: "2" },
      components: { d: "2" },
      preopens: [{ host: "2", guest: "/b", mode: "rw" }],
    };
    expect(mergeSettings(base, over)).toEqual({
      ...NOTHING,
      env: { A: "1", B: "2" },
      modules: { m: "1", n: "2" },
      importModules: { i: "2" },
      components: { c: "1", d: "2" },
      preopens: [
        { host: "1", guest: "/a" },
        { host: "2", guest: "/b", mode: "rw" },
      ],
    });
  });

  test.each<[string, Settings, Settings, object]>([
    ["--random real over a seed", { seed: 1n }, { random: "real" }, { random: "real" }],
    ["--seed over real randomness", { random: "real" }, { seed: 1n }, { seed: 1n }],
    ["a seed without a word on it", { seed: 1n }, {}, { seed: 1n }],
    ["destinations add up", { network: ["a:1"] }, { network: ["b:1"] }, { network: ["a:1", "b:1"] }],
    ["the whole network over some of it", { network: ["a:1"] }, { network: true }, { network: true }],
    ["some of the network over all of it", { network: true }, { network: ["a:1"] }, { network: true }],
    ["the network without a word on it", { network: ["a:1"] }, {}, { network: ["a:1"] }],
  ])("%s", (_, base, over, expected) => {
    expect(mergeSettings(base, over)).toEqual({ ...NOTHING, ...expected });
  });
});
