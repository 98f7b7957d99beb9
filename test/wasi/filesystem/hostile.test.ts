import { execFileSync } from "node:child_process";
import { existsSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Descriptor } from "../../../src/wasi/filesystem/descriptor.js";
import { bytes, thrown } from "../support.js";
import { FOLLOW, listNames, mountTree, open, READ, readText, treeOf, WRITE, writeText } from "./support.js";

const TREE = { "d/f": "inside", f: "inside" };

/** Everything that a path could be used for. */
function uses(root: Descriptor, path: string): (() => unknown)[] {
  return [
    () => open(root, path),
    () => root.openAt({}, path, {}, READ),
    () => root.openAt(FOLLOW, path, { create: true, truncate: true }, WRITE),
    () => root.openAt(FOLLOW, path, { create: true, exclusive: true }, WRITE),
    () => root.statAt(FOLLOW, path),
    () => root.setTimesAt(FOLLOW, path, { tag: "now" }, { tag: "now" }),
    () => root.readlinkAt(path),
    () => root.createDirectoryAt(path),
    () => root.removeDirectoryAt(path),
    () => root.unlinkFileAt(path),
    () => root.symlinkAt("f", path),
    () => root.linkAt({}, path, root, "new"),
    () => root.linkAt({}, "f", root, path),
    () => root.renameAt(path, root, "new"),
    () => root.renameAt("f", root, path),
  ];
}

describe.each(["rw", "overlay"] as const)("a guest in a directory mounted with %s", (mode) => {
  const mount = () => mountTree(TREE, mode);

  it("finds no path out", () => {
    const { root, dir, untouched } = mount();
    const paths = [
      "../outside/canary",
      "d/../../outside/canary",
      "..",
      "/etc/passwd",
      `../${basename(dir)}/f`,
      "../new",
    ];
    for (const path of paths) expect(uses(root, path).map(thrown)).toEqual(uses(root, path).map(() => "not-permitted"));
    expect(untouched()).toBe(true);
  });

  it("finds none through links that it makes", async () => {
    const { root, files, untouched } = mount();
    root.symlinkAt("../outside", "out");
    root.symlinkAt("out/canary", "d/../to-canary");
    root.symlinkAt("../../outside/d", "d/out");
    root.symlinkAt("d/out", "chain");
    for (const path of ["out/canary", "d/out/f", "chain/f", "out/d/f"]) {
      expect(uses(root, path).map(thrown)).toEqual(uses(root, path).map(() => "not-permitted"));
    }
    for (const path of ["out", "to-canary", "chain"]) {
      expect(thrown(() => open(root, path))).toBe("not-permitted");
      expect(thrown(() => root.openAt(FOLLOW, path, { create: true }, WRITE))).toBe("not-permitted");
      expect(thrown(() => root.statAt(FOLLOW, path))).toBe("not-permitted");
    }
    if (mode === "rw") await expect(files.commit()).rejects.toThrow(/would lead out/);
    expect(untouched()).toBe(true);
  });

  it("finds none when it swaps a directory that it has open for a link", async () => {
    const { root, files, dir, untouched } = mount();
    root.createDirectoryAt("x");
    root.createDirectoryAt("x/outside");
    root.createDirectoryAt("x/y");
    const [old, up] = [open(root, "d"), open(root, "x/y")];
    root.renameAt("d", root, "moved");
    root.symlinkAt("../outside", "d");
    expect(readText(old, "f")).toBe("inside");
    expect(thrown(() => open(old, "canary"))).toBe("no-entry");
    expect(thrown(() => open(old, "../outside/canary"))).toBe("not-permitted");
    root.renameAt("x/y", root, "y");
    expect(thrown(() => open(up, "../outside/canary"))).toBe("not-permitted");
    writeText(old, "g", "new");
    expect(readText(root, "moved/g")).toBe("new");
    root.unlinkFileAt("d");
    await files.commit();
    expect(treeOf(dir)).toEqual(
      mode === "rw" ? { f: "inside", "moved/f": "inside", "moved/g": "new", "x/outside/": "", "y/": "" } : TREE,
    );
    expect(untouched()).toBe(true);
  });

  it("finds none when the host's directory is swapped for a link", async () => {
    const { root, files, dir, outside, untouched } = mount();
    const [directory, file] = [open(root, "d"), root.openAt({}, "d/f", {}, WRITE)];
    renameSync(join(dir, "d"), join(dir, "was-d"));
    symlinkSync(outside, join(dir, "d"));
    expect(thrown(() => open(directory, "canary"))).toBe("no-entry");
    expect(thrown(() => file.read(9n, 0n))).toBe("no-entry");
    expect(thrown(() => file.write(bytes("x"), 0n))).toBe("no-entry");
    for (const path of ["canary", "new"]) expect(thrown(() => writeText(directory, path, "x"))).toBe("no-entry");
    file.setSize(0n);
    file.write(bytes("overwritten?"), 0n);
    if (mode === "rw") await expect(files.commit()).rejects.toThrow(/nothing was changed/);
    expect(untouched()).toBe(true);
    expect(existsSync(join(outside, "new"))).toBe(false);
  });

  it("cannot wait for a FIFO, whenever it comes", async () => {
    const { root, files, dir } = mountTree({ ...TREE, g: "inside" }, mode);
    execFileSync("mkfifo", [join(dir, "fifo")]);
    for (const flags of [READ, WRITE, { write: true }]) {
      expect(thrown(() => root.openAt(FOLLOW, "fifo", {}, flags))).toBe("not-permitted");
      expect(thrown(() => root.openAt(FOLLOW, "fifo", { create: true, truncate: true }, flags))).toBe("not-permitted");
    }
    const file = root.openAt({}, "g", {}, WRITE);
    execFileSync("rm", [join(dir, "g")]);
    execFileSync("mkfifo", [join(dir, "g")]);
    expect(thrown(() => file.write(bytes("x"), 0n))).toBe("no-entry");
    root.unlinkFileAt("fifo");
    await files.commit();
    expect(existsSync(join(dir, "fifo"))).toBe(mode === "overlay");
  });

  it("cannot take over names that the host uses meanwhile", async () => {
    const { root, files, dir } = mount();
    for (let i = 0; i < 3; i++) writeText(root, `.component-init-${i}`, "mine");
    writeFileSync(join(dir, "unseen"), "host's");
    await files.commit();
    expect(listNames(root)).toContain(".component-init-0");
    expect(treeOf(dir)).toMatchObject({ unseen: "host's", f: "inside" });
  });

  it("cannot exhaust the stack with deep directories", async () => {
    const { root, files, dir } = mount();
    let at = root;
    for (let i = 0; i < 20_000; i++) {
      at.createDirectoryAt("a");
      at = at.openAt({}, "a", {}, READ);
    }
    expect(thrown(() => root.renameAt("a", at, "b"))).toBe("invalid");
    if (mode === "rw") await expect(files.commit()).rejects.toThrow(/nothing was changed/);
    expect(treeOf(dir)).toEqual(TREE);
  });
});
