import { execFileSync } from "node:child_process";
import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Descriptor } from "../../../src/wasi/filesystem/descriptor.js";
import { makeHost, scratch, text, thrown, U64_MAX } from "../support.js";
import { FOLLOW, listNames, makeTree, open, openRoot, READ, readText, type Tree } from "./support.js";

const MIB = 1024 * 1024;
const TIME = { seconds: 1_735_689_600n, nanoseconds: 0 };

function mounted(tree: Tree): { root: Descriptor; dir: string } {
  const dir = scratch();
  makeTree(dir, tree);
  return { root: openRoot(dir), dir };
}

describe("reading files", () => {
  it("reads at offsets and says where the end is", () => {
    const file = open(mounted({ f: "hello" }).root, "f");
    const read = (length: bigint, offset: bigint) => {
      const [bytes, end] = file.read(length, offset);
      return [text(bytes), end];
    };
    expect(read(2n, 0n)).toEqual(["he", false]);
    expect(read(3n, 2n)).toEqual(["llo", true]);
    expect(read(99n, 4n)).toEqual(["o", true]);
    expect(read(1n, 5n)).toEqual(["", true]);
    expect(read(U64_MAX, U64_MAX)).toEqual(["", true]);
    expect(read(U64_MAX, 1n)).toEqual(["ello", true]);
    expect(read(0n, 0n)).toEqual(["", false]);
  });

  it("streams from an offset, each stream on its own", () => {
    const file = open(mounted({ f: "hello" }).root, "f");
    const [one, two] = [file.readViaStream(0n), file.readViaStream(3n)];
    expect(text(one.read(2n))).toBe("he");
    expect(text(two.blockingRead(U64_MAX))).toBe("lo");
    expect(text(one.read(U64_MAX))).toBe("llo");
    expect(thrown(() => one.read(1n))).toEqual({ tag: "closed" });
    expect(thrown(() => file.readViaStream(U64_MAX).read(1n))).toEqual({ tag: "closed" });
  });

  it("reads empty files", () => {
    const file = open(mounted({ f: "" }).root, "f");
    expect(file.read(1n, 0n)).toEqual([new Uint8Array(), true]);
    expect(thrown(() => file.readViaStream(0n).read(1n))).toEqual({ tag: "closed" });
  });

  it("reads large files in pieces, wherever they are asked for", () => {
    const { root, dir } = mounted({});
    const size = 40 * MIB;
    const fd = openSync(join(dir, "big"), "w");
    ftruncateSync(fd, size);
    writeSync(fd, "end", size - 3);
    closeSync(fd);
    const file = open(root, "big");
    expect(file.stat().size).toBe(BigInt(size));
    expect(file.read(U64_MAX, 0n)[0]).toHaveLength(MIB);
    expect(file.read(U64_MAX, BigInt(size - 3)).map(String)).toEqual(["101,110,100", "true"]);
    expect(file.read(1n, BigInt(size))).toEqual([new Uint8Array(), true]);
  });

  it("does not read what the guest does not read", () => {
    const { root, dir } = mounted({ f: "before" });
    const file = open(root, "f");
    writeFileSync(join(dir, "f"), "after!");
    expect(text(file.read(9n, 0n)[0])).toBe("after!");
  });

  it("keeps what it has read", () => {
    const { root, dir } = mounted({ f: "before" });
    expect(readText(root, "f")).toBe("before");
    writeFileSync(join(dir, "f"), "after!");
    expect(readText(root, "f")).toBe("before");
  });

  it("does not read directories as files, nor files as directories", () => {
    const { root } = mounted({ f: "" });
    const file = open(root, "f");
    const wrong = {
      "is-directory": [() => root.read(1n, 0n), () => root.readViaStream(0n)],
      "bad-descriptor": [() => root.advise(0n, 0n, "normal"), () => root.appendViaStream()],
      "not-directory": [
        () => file.readDirectory(),
        () => file.openAt({}, "x", {}, READ),
        () => file.statAt({}, "x"),
        () => file.metadataHashAt({}, "x"),
        () => file.readlinkAt("x"),
        () => root.openAt({}, "f", { directory: true }, READ),
        () => root.statAt({}, "f/"),
        () => root.statAt({}, "f/."),
        () => root.statAt({}, "f/x"),
      ],
    };
    for (const [code, calls] of Object.entries(wrong)) expect(calls.map(thrown)).toEqual(calls.map(() => code));
  });
});

describe("descriptors", () => {
  it("tell type, flags and stat, without anything of the host's", () => {
    const { root } = mounted({ "d/f": "hello", l: { link: "d/f" } });
    const times = { dataAccessTimestamp: TIME, dataModificationTimestamp: TIME, statusChangeTimestamp: TIME };
    const file = { type: "regular-file", linkCount: 1n, size: 5n, ...times };
    const directory = { type: "directory", linkCount: 1n, size: 0n, ...times };
    expect(open(root, "d/f").stat()).toEqual(file);
    expect(root.stat()).toEqual(directory);
    expect(root.statAt({}, "d")).toEqual(directory);
    expect(root.statAt({}, ".")).toEqual(directory);
    expect(root.statAt(FOLLOW, "l")).toEqual(file);
    expect(root.statAt({}, "l")).toEqual({ type: "symbolic-link", linkCount: 1n, size: 3n, ...times });
    expect([root.getType(), open(root, "l").getType()]).toEqual(["directory", "regular-file"]);
    expect([root.getFlags(), open(root, "d/f").getFlags()]).toEqual([{ read: true }, { read: true }]);
  });

  it("know what is the same object", () => {
    const { root } = mounted({ "d/f": "", g: "", l: { link: "d/f" } });
    const file = open(root, "d/f");
    expect(file.isSameObject(open(open(root, "d"), "f"))).toBe(true);
    expect(file.isSameObject(open(root, "l"))).toBe(true);
    expect(root.isSameObject(open(root, "d/.."))).toBe(true);
    expect(file.isSameObject(open(root, "g"))).toBe(false);
  });

  it("hash by the place in the guest's tree, which is the same on every machine", () => {
    const tree: Tree = { "d/f": "one", g: "two", l: { link: "d/f" } };
    const [one, two] = [mounted(tree).root, mounted(tree).root];
    const hashes = ["", "d", "d/f", "g"].map((path) => one.metadataHashAt({}, path || "."));
    expect(new Set(hashes.map(({ lower }) => lower)).size).toBe(4);
    expect(new Set(hashes.map(({ upper }) => upper)).size).toBe(4);
    expect(["", "d", "d/f", "g"].map((path) => two.metadataHashAt({}, path || "."))).toEqual(hashes);
    expect(open(one, "l").metadataHash()).toEqual(hashes[2]);
    expect(one.metadataHashAt({}, "l")).not.toEqual(hashes[2]);
  });

  it("accept advice and sync", () => {
    const { root } = mounted({ f: "" });
    const file = open(root, "f");
    expect([file.advise(0n, U64_MAX, "will-need"), file.sync(), file.syncData(), root.sync()]).toEqual(
      new Array(4).fill(undefined),
    );
  });
});

describe("listing", () => {
  it("is sorted by code unit and has no dot entries", () => {
    const tree = { b: "", a: "", B: "", "10": "", "9": "", "\u{1f600}": "", "\uff5e": "", é: "", "z/x": "" };
    expect(listNames(mounted(tree).root)).toEqual(["10", "9", "B", "a", "b", "z", "é", "\u{1f600}", "\uff5e"]);
  });

  it("tells types, and ends", () => {
    const { root, dir } = mounted({ "d/f": "", f: "", l: { link: "nowhere" } });
    execFileSync("mkfifo", [join(dir, "p")]);
    const stream = root.readDirectory();
    const entries = Array.from({ length: 6 }, () => stream.readDirectoryEntry());
    expect(entries).toEqual([
      { type: "directory", name: "d" },
      { type: "regular-file", name: "f" },
      { type: "symbolic-link", name: "l" },
      { type: "fifo", name: "p" },
      undefined,
      undefined,
    ]);
  });

  // macOS does not let such a name be made.
  it.runIf(process.platform === "linux")("says when a name is not Unicode", () => {
    const { root, dir } = mounted({});
    writeFileSync(Buffer.concat([Buffer.from(`${dir}/`), Buffer.from([0xff, 0xfe])]), "");
    expect(thrown(() => root.readDirectory())).toBe("illegal-byte-sequence");
  });
});

describe("opening", () => {
  it("fails for what is not there", () => {
    const { root } = mounted({ f: "" });
    const missing = ["x", "x/y", "x/", "", "nul\0"].map((path) => thrown(() => open(root, path)));
    expect(missing).toEqual(["no-entry", "no-entry", "no-entry", "no-entry", "invalid"]);
    expect(thrown(() => open(root, "n".repeat(256)))).toBe("name-too-long");
  });

  it("takes paths as POSIX does", () => {
    const { root } = mounted({ "a/b/f": "x" });
    for (const path of ["a/b/f", "./a//b/./f", "a/../a/b/../b/f"]) expect(readText(root, path)).toBe("x");
    for (const path of ["a", "a/", "a/.", "a/b/.."]) expect(listNames(open(root, path))).toEqual(["b"]);
    expect(listNames(root.openAt({}, "a", { directory: true }, READ))).toEqual(["b"]);
  });

  it("shows every preopen as a directory of its own, whatever its name", () => {
    const [one, two] = [scratch(), scratch()];
    makeTree(one, { "sub/f": "one" });
    makeTree(two, { f: "two" });
    const preopens = [
      { host: one, guest: "/" },
      { host: two, guest: "/lib" },
      { host: one, guest: "." },
    ];
    const directories = makeHost({ preopens }).imports["wasi:filesystem/preopens"].getDirectories();
    expect(directories.map(([, guest]) => guest)).toEqual(["/", "/lib", "."]);
    const contents = ["sub/f", "f", "sub/f"].map((path, i) => readText(directories[i]?.[0] as Descriptor, path));
    expect(contents).toEqual(["one", "two", "one"]);
    expect(directories[0]?.[0].isSameObject(directories[2]?.[0] as Descriptor)).toBe(false);
    expect(directories[0]?.[0].metadataHash()).not.toEqual(directories[2]?.[0].metadataHash());
  });

  it("hands out new descriptors each time the preopens are asked for", () => {
    const { imports, liveHandles } = makeHost({ preopens: [{ host: scratch(), guest: "/" }] });
    const { getDirectories } = imports["wasi:filesystem/preopens"];
    const [first, second] = [getDirectories()[0]?.[0], getDirectories()[0]?.[0]];
    expect(second).not.toBe(first);
    expect(second?.isSameObject(first as Descriptor)).toBe(true);
    expect(liveHandles()).toHaveLength(2);
  });

  it("says which directory cannot be preopened", () => {
    const dir = scratch();
    makeTree(dir, { f: "" });
    for (const host of [join(dir, "missing"), join(dir, "f")]) {
      const error = thrown(() => makeHost({ preopens: [{ host, guest: "/" }] }));
      expect(error).toMatchObject({ code: "io" });
      expect(String(error)).toContain(host);
    }
  });
});

describe("stream errors", () => {
  it("give their file system error code", () => {
    const { root, dir } = mounted({ f: "content" });
    const stream = open(root, "f").readViaStream(0n);
    execFileSync("rm", [join(dir, "f")]);
    const { imports } = makeHost();
    const error = thrown(() => stream.read(1n)) as { tag: string; val: InstanceType<typeof ErrorClass> };
    const ErrorClass = imports["wasi:io/error"].Error;
    expect(error.tag).toBe("last-operation-failed");
    expect(error.val).toBeInstanceOf(ErrorClass);
    expect(imports["wasi:filesystem/types"].filesystemErrorCode(error.val)).toBe("no-entry");
    expect(error.val.toDebugString()).toContain("no-entry");
    expect(thrown(() => stream.read(1n))).toEqual({ tag: "closed" });
  });
});
