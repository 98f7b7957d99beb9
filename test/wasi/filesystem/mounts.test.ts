import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Descriptor } from "../../../src/wasi/filesystem/descriptor.js";
import { scratch, thrown } from "../support.js";
import {
  FOLLOW,
  listNames,
  makeTree,
  mountRoots,
  open,
  READ,
  readText,
  type Tree,
  treeOf,
  WRITE,
  writeText,
} from "./support.js";

function directory(tree: Tree): string {
  const dir = scratch();
  makeTree(dir, tree);
  return dir;
}

describe("a mount inside of another", () => {
  function nested() {
    const [outer, inner, deep] = [
      directory({ f: "outer", "lib/hidden": "", "usr/f": "outer", file: "", "to-lib": { link: "lib" } }),
      directory({ f: "inner", up: { link: "../f" }, "sub/x": "" }),
      directory({ f: "deep" }),
    ];
    const preopens = [
      { host: outer, guest: "/", mode: "overlay" as const },
      { host: inner, guest: "/lib", mode: "overlay" as const },
      { host: deep, guest: "/usr/share/deep/" },
      { host: deep, guest: "/file/deep" },
    ];
    return { ...mountRoots(preopens), outer, inner };
  }

  it("is entered and listed, in the place of what is there", () => {
    const { root } = nested();
    expect(listNames(root)).toEqual(["f", "file", "lib", "to-lib", "usr"]);
    expect(listNames(open(root, "lib"))).toEqual(["f", "sub", "up"]);
    expect(readText(root, "lib/f")).toBe("inner");
    expect(readText(root, "to-lib/f")).toBe("inner");
    expect(root.statAt({}, "lib").type).toBe("directory");
  });

  it("is reached through directories that are not there", () => {
    const { root } = nested();
    expect(listNames(open(root, "usr"))).toEqual(["f", "share"]);
    expect(listNames(open(root, "usr/share"))).toEqual(["deep"]);
    expect(readText(root, "usr/share/deep/f")).toBe("deep");
    expect([root.statAt({}, "file").type, readText(root, "file/deep/f")]).toEqual(["directory", "deep"]);
    expect(thrown(() => open(root, "usr/share").createDirectoryAt("x"))).toBe("read-only");
  });

  it("is left by ..", () => {
    const { root, roots } = nested();
    expect(readText(root, "lib/../f")).toBe("outer");
    expect(readText(root, "lib/sub/../../usr/f")).toBe("outer");
    expect(readText(root, "lib/up")).toBe("outer");
    expect(readText(root, "usr/share/deep/../../f")).toBe("outer");
    expect(thrown(() => open(roots[1] as Descriptor, "../f"))).toBe("not-permitted");
    expect(thrown(() => open(roots[1] as Descriptor, "up"))).toBe("not-permitted");
  });

  it("is the same directory as the preopen", () => {
    const { root, roots } = nested();
    expect(open(root, "lib").isSameObject(roots[1] as Descriptor)).toBe(true);
    writeText(root, "lib/new", "new");
    expect(readText(roots[1] as Descriptor, "new")).toBe("new");
  });

  it("stays where it is", () => {
    const { root } = nested();
    const calls: [string, () => unknown][] = [
      ["busy", () => root.removeDirectoryAt("lib")],
      ["busy", () => root.renameAt("lib", root, "moved")],
      ["busy", () => root.renameAt("usr", root, "lib")],
      ["is-directory", () => root.unlinkFileAt("lib")],
      ["exist", () => root.createDirectoryAt("lib")],
      ["not-empty", () => root.removeDirectoryAt("usr")],
      ["read-only", () => open(root, "usr/share/deep").createDirectoryAt("x")],
    ];
    root.unlinkFileAt("usr/f");
    expect(calls.map(([, call]) => thrown(call))).toEqual(calls.map(([code]) => code));
  });

  it("moves with a directory around it", () => {
    const { root } = nested();
    root.renameAt("usr", root, "moved");
    expect(readText(root, "moved/share/deep/f")).toBe("deep");
  });

  it("is another device", () => {
    const { root, roots } = nested();
    const lib = roots[1] as Descriptor;
    const calls = [
      () => root.renameAt("f", root, "lib/moved"),
      () => root.renameAt("f", lib, "moved"),
      () => root.renameAt("lib/f", root, "moved"),
      () => lib.renameAt("sub", root, "sub"),
      () => root.linkAt({}, "f", lib, "linked"),
      () => root.linkAt({}, "lib/f", root, "linked"),
    ];
    expect(calls.map(thrown)).toEqual(calls.map(() => "cross-device"));
    root.renameAt("lib/f", lib, "moved");
    expect(readText(lib, "moved")).toBe("inner");
  });

  it("decides itself whether it can be written", async () => {
    const [outer, inner] = [directory({ f: "" }), directory({})];
    const { root, files } = mountRoots([
      { host: outer, guest: "." },
      { host: inner, guest: "./out", mode: "rw" },
    ]);
    expect(thrown(() => writeText(root, "new", ""))).toBe("read-only");
    writeText(root, "out/new", "new");
    await files.commit();
    expect([treeOf(outer), treeOf(inner)]).toEqual([{ f: "" }, { new: "new" }]);
  });

  it("shows up wherever it belongs, in whatever order they are given", () => {
    const [a, b, c] = [directory({ "b/c/old": "" }), directory({}), directory({ f: "c" })];
    const { roots } = mountRoots([
      { host: a, guest: "/a" },
      { host: c, guest: "/a/b/c" },
      { host: b, guest: "//a/./b" },
      { host: a, guest: "a" },
      { host: c, guest: "../a" },
    ]);
    expect(readText(roots[0] as Descriptor, "b/c/f")).toBe("c");
    expect(readText(roots[2] as Descriptor, "c/f")).toBe("c");
    expect(listNames(open(roots[3] as Descriptor, "b/c"))).toEqual(["old"]);
  });

  it("is not written to by the other's changes on the host", async () => {
    const [outer, inner] = [directory({ "lib/hidden": "" }), directory({ f: "inner" })];
    const { root, files } = mountRoots([
      { host: outer, guest: "/", mode: "rw" },
      { host: inner, guest: "/lib", mode: "overlay" },
    ]);
    writeText(root, "lib/f", "changed");
    writeText(root, "f", "new");
    await files.commit();
    expect([treeOf(outer), treeOf(inner)]).toEqual([{ f: "new", "lib/hidden": "" }, { f: "inner" }]);
  });
});

describe("mounts are refused", () => {
  const [one, two] = ["one", "two"];
  it.each([
    ["/x", "/x"],
    ["/x", "/x/"],
    ["/x", "//x/./"],
    ["x", "./x"],
    ["/", "//"],
    [".", "./"],
    ["/x", "/y/../x"],
  ])("at the same guest path: %s and %s", (a, b) => {
    const error = thrown(() =>
      mountRoots([
        { host: one, guest: a },
        { host: two, guest: b },
      ]),
    );
    expect(error).toMatchObject({
      code: "invalid-option",
      message: expect.stringMatching(/two mounts at .* one and two/),
    });
  });

  it("without a guest path", () => {
    expect(thrown(() => mountRoots([{ host: one, guest: "" }]))).toMatchObject({ code: "invalid-option" });
  });

  it("in a way that there is not", () => {
    const preopens = [
      { host: one, guest: "/", mode: "wr" },
      { archive: one, mode: "rw", source: undefined },
    ];
    for (const preopen of preopens) {
      expect(thrown(() => mountRoots([preopen as never]))).toMatchObject({ code: "invalid-option" });
    }
  });

  it("when both would write to the same directory of the host", () => {
    const dir = directory({ "sub/f": "" });
    const mount = (inner: string, mode: "rw" | "overlay") =>
      mountRoots([
        { host: dir, guest: "/a", mode: "rw" },
        { host: inner, guest: "/b", mode },
      ]);
    for (const inner of [dir, join(dir, "sub")]) {
      expect(thrown(() => mount(inner, "rw"))).toMatchObject({ code: "invalid-option" });
      mount(inner, "overlay");
    }
    mount(`${directory({})}`, "rw");
  });
});

it("a directory is mounted as / and as . at once, each with its own changes", () => {
  const dir = directory({ f: "content" });
  const { roots } = mountRoots([
    { host: dir, guest: "/", mode: "overlay" },
    { host: dir, guest: ".", mode: "overlay" },
  ]);
  const [slash, dot] = roots as [Descriptor, Descriptor];
  slash.openAt(FOLLOW, "f", { truncate: true }, WRITE);
  expect([readText(slash, "f"), readText(dot, "f")]).toEqual(["", "content"]);
  expect(slash.openAt({}, "f", {}, READ).isSameObject(dot.openAt({}, "f", {}, READ))).toBe(false);
});
