import { execFileSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { createDirectory, rename, unlinkFile } from "../../../../src/wasi/filesystem/changes.js";
import { commitChanges } from "../../../../src/wasi/filesystem/commit/commit.js";
import type { Descriptor } from "../../../../src/wasi/filesystem/descriptor.js";
import { betweenChecks } from "../../../../src/wasi/filesystem/enclosure.js";
import { TreeState } from "../../../../src/wasi/filesystem/mount.js";
import { type Mounted, mountAll } from "../../../../src/wasi/filesystem/mount-table.js";
import { DEFAULT_TIME, Timeline } from "../../../../src/wasi/timeline.js";
import { bytes, scratch, thrown } from "../../support.js";
import {
  FOLLOW,
  listNames,
  makeTree,
  mountRoots,
  mountTree,
  open,
  readText,
  type Tree,
  treeOf,
  WRITE,
  writeText,
} from "../support.js";

const TREE = { f: "content", "d/g": "inner", "d/h": "other", l: { link: "f" }, "empty/x": "" };

const edit = (root: Descriptor, path: string) => root.openAt(FOLLOW, path, {}, WRITE);

describe("the changes of a guest", () => {
  it("stay in memory until they are committed, then they are all there", async () => {
    const { root, dir, files } = mountTree(TREE, "rw");
    const before = treeOf(dir);
    writeText(root, "new", "new");
    writeText(root, "f", "replaced");
    edit(root, "d/g").write(bytes("I"), 0n);
    root.createDirectoryAt("deep");
    root.createDirectoryAt("deep/er");
    writeText(root, "deep/er/file", "deep");
    root.symlinkAt("er/file", "deep/link");
    root.linkAt({}, "new", root, "deep/hard");
    root.unlinkFileAt("l");
    root.unlinkFileAt("empty/x");
    root.removeDirectoryAt("empty");
    root.renameAt("d", root, "deep/d");
    expect(treeOf(dir)).toEqual(before);
    expect(await files.commit()).toEqual([]);
    expect(treeOf(dir)).toEqual({
      "deep/d/g": "Inner",
      "deep/d/h": "other",
      "deep/er/file": "deep",
      "deep/hard": "new",
      "deep/link": { link: "er/file" },
      f: "replaced",
      new: "new",
    });
    expect(statSync(join(dir, "new")).ino).toBe(statSync(join(dir, "deep/hard")).ino);
  });

  it("are nothing when it only reads, and with overlay", async () => {
    const { root, dir, files } = mountTree(TREE, "rw");
    const times = () => ["", "d", "f", "d/g"].map((path) => lstatSync(join(dir, path)).ctimeMs);
    const before = times();
    for (const path of ["f", "d/g", "l"]) readText(root, path);
    listNames(open(root, "d"));
    root.renameAt("f", root, "x");
    root.renameAt("x", root, "f");
    await files.commit();
    expect(times()).toEqual(before);
    const overlay = mountTree(TREE, "overlay");
    writeText(overlay.root, "f", "gone");
    await overlay.files.commit();
    expect(treeOf(overlay.dir)).toEqual(treeOf(dir));
  });

  it("can exchange names and turn the tree upside down", async () => {
    const { root, dir, files } = mountTree({ a: "a", b: "b", "x/y/z/f": "f", "p/f": "p", "q/f": "q" }, "rw");
    const swap = (one: string, two: string) => {
      root.renameAt(one, root, "temporary");
      root.renameAt(two, root, one);
      root.renameAt("temporary", root, two);
    };
    swap("a", "b");
    swap("p", "q");
    root.renameAt("x/y/z", root, "z");
    root.renameAt("x/y", root, "z/y");
    root.renameAt("x", root, "z/y/x");
    await files.commit();
    expect(treeOf(dir)).toEqual({ a: "b", b: "a", "p/f": "q", "q/f": "p", "z/f": "f", "z/y/x/": "" });
  });

  it("can replace a file by a directory, a directory by a link, and bring things back under their old names", async () => {
    const { root, dir, files } = mountTree(TREE, "rw");
    root.unlinkFileAt("f");
    root.createDirectoryAt("f");
    writeText(root, "f/inside", "x");
    root.unlinkFileAt("empty/x");
    root.removeDirectoryAt("empty");
    root.symlinkAt("d", "empty");
    root.renameAt("d/g", root, "g");
    root.unlinkFileAt("d/h");
    root.removeDirectoryAt("d");
    root.createDirectoryAt("d");
    root.renameAt("g", root, "d/g");
    await files.commit();
    expect(treeOf(dir)).toEqual({ "d/g": "inner", empty: { link: "d" }, "f/inside": "x", l: { link: "f" } });
  });

  it("of a file that has several names are made under all of them", async () => {
    const { root, dir, files } = mountTree(TREE, "rw");
    root.linkAt({}, "f", root, "d/a");
    root.linkAt({}, "d/h", root, "a");
    edit(root, "d/a").write(bytes("C"), 0n);
    await files.commit();
    expect(treeOf(dir)).toMatchObject({ f: "Content", "d/a": "Content", a: "other", "d/h": "other" });
    expect(statSync(join(dir, "a")).ino).toBe(statSync(join(dir, "d/h")).ino);
  });

  it("leave permissions, and times unless the guest has set them", async () => {
    const { root, dir, files } = mountTree(TREE, "rw");
    chmodSync(join(dir, "f"), 0o750);
    utimesSync(join(dir, "d/h"), 1000, 2000);
    const at = (seconds: bigint) => ({ tag: "timestamp", val: { seconds, nanoseconds: 0 } }) as const;
    const keep = { tag: "no-change" } as const;
    edit(root, "f").write(bytes("C"), 0n);
    writeText(root, "new", "new");
    root.setTimesAt({}, "new", keep, at(7n));
    root.setTimesAt({}, "d/h", keep, at(5n));
    root.setTimesAt({}, "d", at(3n), at(4n));
    root.setTimesAt({}, "l", at(8n), at(9n));
    root.setTimesAt({}, ".", keep, at(6n));
    root.setTimesAt({}, "d/g", keep, at(1n));
    edit(root, "d/g").write(bytes("I"), 0n);
    await files.commit();
    const seconds = (path: string) => {
      const { atimeMs, mtimeMs } = lstatSync(join(dir, path));
      return [atimeMs / 1000, mtimeMs / 1000];
    };
    expect(statSync(join(dir, "f")).mode & 0o777).toBe(0o750);
    expect([seconds("d/h"), seconds("d"), seconds("l")]).toEqual([
      [1000, 5],
      [3, 4],
      [8, 9],
    ]);
    expect([seconds("")[1], seconds("new")[1]]).toEqual([6, 7]);
    // What was written after the times were set has the real time of its writing.
    for (const path of ["f", "d/g"]) expect(seconds(path)[1]).toBeGreaterThan(Date.now() / 1000 - 60);
  });

  it("are sparse where the guest left holes", async () => {
    const { root, dir, files } = mountTree({}, "rw");
    const file = root.openAt({}, "sparse", { create: true }, WRITE);
    file.setSize(2n ** 32n);
    file.write(bytes("end"), 2n ** 32n);
    await files.commit();
    const { size, blocks } = statSync(join(dir, "sparse"));
    expect(size).toBe(2 ** 32 + 3);
    expect(blocks * 512).toBeLessThan(2 ** 20);
  });

  it("do not touch what the guest has not seen: special files, odd names, other mounts", async () => {
    const { root, dir, files } = mountTree({ "d/f": "x" }, "rw");
    execFileSync("mkfifo", [join(dir, "d/fifo")]);
    writeFileSync(Buffer.concat([Buffer.from(`${dir}/d/`), Buffer.from([0xff])]), "");
    root.renameAt("d", root, "moved");
    root.renameAt("moved/fifo", root, "fifo");
    await files.commit();
    expect(lstatSync(join(dir, "fifo")).isFIFO()).toBe(true);
    expect(execFileSync("ls", ["-b", join(dir, "moved")], { encoding: "utf8" })).toBe("f\n\\377\n");
  });

  it("are committed once", async () => {
    const { root, dir, files } = mountTree(TREE, "rw");
    root.renameAt("f", root, "moved");
    await files.commit();
    await files.commit();
    expect(listNames(mountRoots([{ host: dir, guest: "/" }]).root)).toEqual(["d", "empty", "l", "moved"]);
  });
});

describe("a commit that fails", () => {
  async function failure(files: {
    commit(): Promise<unknown>;
  }): Promise<{ message: string; details: readonly string[] }> {
    return files.commit().then(
      () => expect.unreachable("the commit was expected to fail"),
      (error) => {
        expect(error).toMatchObject({ name: "ComponentInitError", code: "io" });
        return error;
      },
    );
  }

  /** Changes of every kind, of which the last one in order meets an obstacle. */
  function changed() {
    const mounted = mountTree({ ...TREE, "y/old": "old", "z/f": "z" }, "rw");
    const { root } = mounted;
    root.renameAt("d", root, "moved");
    writeText(root, "f", "replaced");
    root.createDirectoryAt("new");
    writeText(root, "new/file", "new");
    root.symlinkAt("new/file", "s");
    root.linkAt({}, "y/old", root, "hard");
    root.unlinkFileAt("empty/x");
    root.removeDirectoryAt("empty");
    root.setTimesAt({}, "y", { tag: "no-change" }, { tag: "timestamp", val: { seconds: 5n, nanoseconds: 0 } });
    writeText(root, "z/obstacle", "mine");
    return mounted;
  }

  it.each([
    ["a file has come", (dir: string) => writeFileSync(join(dir, "z/obstacle"), "theirs")],
    ["a link has come", (dir: string) => symlinkSync("../../outside/canary", join(dir, "z/obstacle"))],
    ["a directory has come", (dir: string) => mkdirSync(join(dir, "z/obstacle"))],
    ["a directory is not empty any more", (dir: string) => writeFileSync(join(dir, "empty/late"), "late")],
    ["a file is gone", (dir: string) => rmSync(join(dir, "f"))],
    ["a directory is gone", (dir: string) => rmSync(join(dir, "z"), { recursive: true })],
    [
      "a directory has become a link",
      (dir: string) => {
        renameSync(join(dir, "z"), join(dir, "was-z"));
        symlinkSync(join(dir, "../outside"), join(dir, "z"));
      },
    ],
    [
      "the whole mount has become a link",
      (dir: string) => {
        renameSync(dir, `${dir}-moved`);
        symlinkSync(join(dir, "../outside"), dir);
      },
    ],
  ])("because %s changes nothing", async (_, obstruct) => {
    const { dir, files, untouched } = changed();
    obstruct(dir);
    const before = treeOf(dir);
    const mtime = statSync(join(dir, ".")).ino;
    const { message } = await failure(files);
    expect(message).toMatch(/^cannot write the guest's changes to .*; nothing was changed$/);
    expect(treeOf(dir)).toEqual(before);
    expect(statSync(join(dir, ".")).ino).toBe(mtime);
    expect(untouched()).toBe(true);
  });

  it("in one of several mounts changes none of them", async () => {
    const [one, two] = [scratch(), scratch()];
    makeTree(one, { f: "one" });
    makeTree(two, { f: "two" });
    const { roots, files } = mountRoots([
      { host: one, guest: "/one", mode: "rw" },
      { host: two, guest: "/two", mode: "rw" },
    ]);
    for (const root of roots) writeText(root, "f", "changed");
    rmSync(join(two, "f"));
    await failure(files);
    expect([treeOf(one), treeOf(two)]).toEqual([{ f: "one" }, {}]);
  });

  it("because a time cannot be set takes back those that were", async () => {
    const { root, dir, files } = mountTree({ "a/f": "", "z/f": "" }, "rw");
    utimesSync(join(dir, "z/f"), 1, 2);
    const time = { tag: "timestamp", val: { seconds: 5n, nanoseconds: 0 } } as const;
    for (const path of ["a/f", "z/f"]) root.setTimesAt({}, path, time, time);
    rmSync(join(dir, "a/f"));
    await failure(files);
    expect(statSync(join(dir, "z/f")).mtimeMs).toBe(2000);
  });

  it("for a file of absurd size ends soon", async () => {
    const { root, dir, files } = mountTree(TREE, "rw");
    root.openAt({}, "huge", { create: true }, WRITE).setSize(2n ** 53n - 1n);
    writeText(root, "f", "changed");
    await failure(files);
    expect(treeOf(dir)).toEqual(treeOf(mountTree(TREE, "rw").dir));
  });
});

describe("symbolic links that would lead out", () => {
  it.each([
    ["../outside/canary", "s"],
    ["d/../../outside", "s"],
    ["../../outside/canary", "d/s"],
    ["up/../../outside/canary", "s"],
    ["not-yet/../../outside/canary", "s"],
  ])("with the target %s as %s are not made on the host", async (target, path) => {
    const { root, dir, files } = mountTree({ "d/e/f": "", "d/e/up": { link: ".." }, up: { link: "d/e/up" } }, "rw");
    const before = treeOf(dir);
    root.symlinkAt(target, path);
    await expect(files.commit()).rejects.toThrow(/symbolic link .* would lead out of the directory/);
    expect(treeOf(dir)).toEqual(before);
  });

  it("only by way of another link are found too", async () => {
    const { root, dir, files } = mountTree({ "a/b/f": "" }, "rw");
    root.symlinkAt(".", "a/here");
    root.symlinkAt("a/here/here/../..", "s");
    root.symlinkAt("a/here/../../outside/canary", "t");
    await expect(files.commit()).rejects.toThrow(/would lead out/);
    expect(treeOf(dir)).toEqual({ "a/b/f": "" });
  });

  it("also when the guest has moved them there, unlike those that stay inside", async () => {
    const tree = { "a/b/up": { link: "../c" }, "a/c": "" };
    const inside = mountTree(tree, "rw");
    inside.root.renameAt("a/b/up", inside.root, "a/up");
    await expect(inside.files.commit()).resolves.toEqual([]);
    const outside = mountTree(tree, "rw");
    outside.root.renameAt("a/b/up", outside.root, "up");
    await expect(outside.files.commit()).rejects.toThrow(/would lead out/);
  });
});

it("host files with several names are replaced, not written to: the other name may be outside", async () => {
  const { root, dir, outside, files, untouched } = mountTree({}, "rw");
  linkSync(join(outside, "canary"), join(dir, "f"));
  edit(root, "f").write(bytes("X"), 0n);
  await files.commit();
  expect(readText(root, "f")).toBe("Xanary");
  expect(untouched()).toBe(true);
});

describe("where directories cannot be held open", () => {
  function commitBetweenChecks(tree: Tree) {
    const base = scratch();
    const dir = join(base, "inside");
    makeTree(dir, tree);
    makeTree(join(base, "outside"), { canary: "canary" });
    const state = new TreeState(new Timeline(DEFAULT_TIME), 0n);
    const mounts = mountAll([{ host: dir, guest: "/", mode: "rw" }], state, betweenChecks);
    const root = (mounts[0] as Mounted).root;
    return { base, dir, root, commit: () => commitChanges(mounts, betweenChecks) };
  }

  it("changes are committed all the same", async () => {
    const { dir, root, commit } = commitBetweenChecks({ f: "content", "d/g": "inner" });
    rename(root, "d", root, "e");
    unlinkFile(root, "f");
    createDirectory(root, "e/new");
    expect(await commit()).toEqual([]);
    expect(treeOf(dir)).toEqual({ "e/g": "inner", "e/new/": "" });
  });

  it("a swap is noticed", async () => {
    const { base, dir, root, commit } = commitBetweenChecks({ "d/f": "content" });
    createDirectory(root, "d/new");
    renameSync(join(dir, "d"), join(dir, "was-d"));
    symlinkSync(join(base, "outside"), join(dir, "d"));
    await expect(commit()).rejects.toThrow(/moved or replaced \(no-entry\); nothing was changed/);
    expect(treeOf(join(base, "outside"))).toEqual({ canary: "canary" });
  });
});

it("a signal that comes meanwhile ends nothing halfway", async () => {
  const { root, dir, files } = mountTree(TREE, "rw");
  writeText(root, "f", "changed");
  const handler = vi.fn();
  process.once("SIGHUP", handler);
  const committed = files.commit();
  process.kill(process.pid, "SIGHUP");
  await committed;
  await vi.waitFor(() => expect(handler).toHaveBeenCalledOnce());
  expect(treeOf(dir)).toMatchObject({ f: "changed" });
  expect(thrown(() => lstatSync(join(dir, "missing")))).toMatchObject({ code: "ENOENT" });
});
