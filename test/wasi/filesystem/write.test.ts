import { beforeEach, describe, expect, it } from "vitest";
import type { Descriptor } from "../../../src/wasi/filesystem/descriptor.js";
import { bytes, text, thrown, U64_MAX } from "../support.js";
import { FOLLOW, listNames, mountTree, open, READ, readText, treeOf, WRITE, writeText } from "./support.js";

const TREE = {
  f: "content",
  "d/g": "inner",
  l: { link: "f" },
  dangling: { link: "d/new" },
  "e/x": "",
  dir: { link: "d" },
};
const PAGE = 64 * 1024;

let root: Descriptor;
let dir: string;
let host: ReturnType<typeof mountTree>;

beforeEach(() => {
  host = mountTree(TREE, "overlay");
  ({ root, dir } = host);
});

const edit = (path: string) => root.openAt(FOLLOW, path, {}, WRITE);
const create = (path: string, flags = {}) => root.openAt(FOLLOW, path, { create: true, ...flags }, WRITE);
const codes = (calls: (() => unknown)[]) => calls.map(thrown);

describe("files", () => {
  it("are written in memory: everyone who has them open sees it, the host does not", () => {
    const before = treeOf(dir);
    const [writer, reader] = [edit("f"), open(root, "l")];
    expect(writer.write(bytes("C"), 0n)).toBe(1n);
    expect(readText(root, "f")).toBe("Content");
    expect(reader.read(99n, 0n).map(String)).toEqual([String(bytes("Content")), "true"]);
    expect(treeOf(dir)).toEqual(before);
  });

  it("are extended with zeroes", () => {
    const file = edit("f");
    file.write(bytes("x"), 9n);
    expect(readText(root, "f")).toBe("content\0\0x");
    file.setSize(3n);
    file.setSize(5n);
    expect(readText(root, "f")).toBe("con\0\0");
    expect(file.stat().size).toBe(5n);
  });

  it("are the same over pages as on paper", () => {
    const model = Buffer.alloc(5 * PAGE);
    const file = create("big");
    let seed = 1;
    const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
    let size = 0;
    for (let i = 0; i < 60; i++) {
      const [at, length] = [random(4 * PAGE), random(PAGE)];
      if (i % 7 === 6) {
        model.fill(0, at);
        size = at;
        file.setSize(BigInt(at));
      } else {
        const data = Buffer.alloc(length, 1 + random(255));
        data.copy(model, at);
        if (length > 0) size = Math.max(size, at + length);
        file.write(data, BigInt(at));
      }
      expect(file.stat().size).toBe(BigInt(size));
      expect(Buffer.compare(file.read(U64_MAX, 0n)[0], model.subarray(0, size))).toBe(0);
    }
  });

  it("show what is left of the host's bytes around what was written", () => {
    const large = mountTree({ f: "a".repeat(3 * PAGE) }, "overlay").root;
    const file = large.openAt({}, "f", {}, WRITE);
    file.setSize(BigInt(PAGE + 10));
    file.write(bytes("bb"), BigInt(PAGE + 4));
    file.setSize(BigInt(2 * PAGE));
    const expected = `${"a".repeat(PAGE + 4)}bb${"a".repeat(4)}${"\0".repeat(PAGE - 10)}`;
    expect(readText(large, "f")).toBe(expected);
  });

  it("are streamed to from an offset, and appended to", () => {
    const file = edit("f");
    const [writer, appender] = [file.writeViaStream(1n), file.appendViaStream()];
    writer.write(bytes("O"));
    appender.blockingWriteAndFlush(bytes("!"));
    writer.write(bytes("N"));
    appender.writeZeroes(1n);
    appender.write(bytes("?"));
    expect(readText(root, "f")).toBe("cONtent!\0?");
  });

  it("are created, truncated, refused when they must be new", () => {
    expect(text(create("new").read(9n, 0n)[0])).toBe("");
    create("f", { truncate: true });
    expect(readText(root, "f")).toBe("");
    expect(codes([() => create("f", { exclusive: true }), () => create("dangling", { exclusive: true })])).toEqual([
      "exist",
      "exist",
    ]);
    create("dangling").write(bytes("through the link"), 0n);
    expect(readText(root, "d/new")).toBe("through the link");
    expect(listNames(root)).toEqual(["d", "dangling", "dir", "e", "f", "l", "new"]);
  });

  it("need to be opened for what is done to them", () => {
    const [reader, writer] = [open(root, "f"), root.openAt(FOLLOW, "f", {}, { write: true })];
    const refused = [
      () => reader.write(bytes("x"), 0n),
      () => reader.writeViaStream(0n),
      () => reader.appendViaStream(),
      () => reader.setSize(0n),
      () => writer.read(1n, 0n),
      () => writer.readViaStream(0n),
    ];
    expect(codes(refused)).toEqual(refused.map(() => "bad-descriptor"));
    expect(text(root.openAt({}, "f", {}, {}).read(9n, 0n)[0])).toBe("content");
  });

  it("tell what they were opened for", () => {
    expect(edit("f").getFlags()).toEqual({ read: true, write: true });
    expect(root.openAt({}, "f", {}, { write: true, fileIntegritySync: true }).getFlags()).toEqual({
      read: false,
      write: true,
      fileIntegritySync: true,
    });
    expect([root, open(root, "d")].map((one) => one.getFlags())).toEqual(
      new Array(2).fill({ read: true, mutateDirectory: true }),
    );
  });

  it("stay when their last name goes, for who has them open", () => {
    const file = edit("f");
    root.unlinkFileAt("f");
    expect(thrown(() => open(root, "f"))).toBe("no-entry");
    file.write(bytes("C"), 0n);
    expect(text(file.read(9n, 0n)[0])).toBe("Content");
    expect(file.stat().linkCount).toBe(0n);
    create("f");
    expect(readText(root, "f")).toBe("");
    expect(edit("f").isSameObject(file)).toBe(false);
    expect(edit("f").metadataHash()).not.toEqual(file.metadataHash());
  });

  it("cannot be larger than JavaScript can count", () => {
    const file = edit("f");
    const calls = [
      () => file.write(bytes("x"), U64_MAX),
      () => file.write(bytes("xx"), 2n ** 53n - 2n),
      () => file.setSize(U64_MAX),
    ];
    expect(codes(calls)).toEqual(calls.map(() => "file-too-large"));
    expect(readText(root, "f")).toBe("content");
    file.setSize(2n ** 53n - 1n);
    expect(file.read(2n, 2n ** 53n - 3n)).toEqual([new Uint8Array(2), true]);
  });

  it("cannot be opened in ways that make no sense", () => {
    root.createDirectoryAt("new");
    const calls: [string, () => unknown][] = [
      ["invalid", () => root.openAt({}, "x", { create: true, directory: true }, WRITE)],
      ["is-directory", () => root.openAt({}, "d", {}, WRITE)],
      ["is-directory", () => root.openAt({}, "d", { truncate: true }, READ)],
      ["is-directory", () => root.openAt({}, "d", { create: true }, READ)],
      ["loop", () => root.openAt({}, "l", { create: true }, WRITE)],
      ["no-entry", () => create("x/y")],
      ["no-entry", () => create("x/")],
      ["not-directory", () => create("f/x")],
      ["name-too-long", () => create("n".repeat(256))],
      ["name-too-long", () => create(`new/${"n".repeat(256)}`)],
      ["name-too-long", () => create("./".repeat(2048))],
      ["not-permitted", () => create("../x")],
      ["not-permitted", () => create("/x")],
    ];
    expect(calls.map(([, call]) => thrown(call))).toEqual(calls.map(([code]) => code));
  });
});

describe("directories", () => {
  it("are made and removed", () => {
    root.createDirectoryAt("new");
    root.createDirectoryAt("new/sub/");
    create("new/sub/f");
    expect(listNames(open(root, "new/sub"))).toEqual(["f"]);
    expect(thrown(() => root.removeDirectoryAt("new/sub"))).toBe("not-empty");
    root.unlinkFileAt("new/sub/f");
    root.removeDirectoryAt("new/sub/");
    root.removeDirectoryAt("new");
    expect(listNames(root)).toEqual(["d", "dangling", "dir", "e", "f", "l"]);
  });

  it("of the host are removed when they have become empty", () => {
    expect(thrown(() => root.removeDirectoryAt("d"))).toBe("not-empty");
    root.unlinkFileAt("d/g");
    root.removeDirectoryAt("d");
    expect(thrown(() => root.statAt({}, "d"))).toBe("no-entry");
    root.createDirectoryAt("d");
    expect(listNames(open(root, "d"))).toEqual([]);
  });

  it("that were removed are empty for who has them open, and nothing is made in them", () => {
    root.createDirectoryAt("new");
    const directory = open(root, "new");
    root.removeDirectoryAt("new");
    const calls = [
      () => directory.openAt({}, "x", { create: true }, WRITE),
      () => directory.createDirectoryAt("x"),
      () => directory.symlinkAt("y", "x"),
      () => root.renameAt("f", directory, "x"),
      () => root.linkAt({}, "f", directory, "x"),
      () => open(directory, "x"),
    ];
    expect(codes(calls)).toEqual(calls.map(() => "no-entry"));
    expect(listNames(directory)).toEqual([]);
  });

  it("say what is wrong", () => {
    const calls: [string, () => unknown][] = [
      ["exist", () => root.createDirectoryAt("f")],
      ["exist", () => root.createDirectoryAt("dangling")],
      ["exist", () => root.createDirectoryAt(".")],
      ["no-entry", () => root.createDirectoryAt("")],
      ["no-entry", () => root.createDirectoryAt("x/y")],
      ["invalid", () => root.removeDirectoryAt(".")],
      ["invalid", () => root.removeDirectoryAt("d/..")],
      ["not-directory", () => root.removeDirectoryAt("dir")],
      ["not-directory", () => root.removeDirectoryAt("f/")],
      ["is-directory", () => root.unlinkFileAt("d")],
      ["is-directory", () => root.unlinkFileAt(".")],
      ["not-directory", () => root.unlinkFileAt("f/")],
      ["not-permitted", () => root.removeDirectoryAt("../outside")],
    ];
    expect(calls.map(([, call]) => thrown(call))).toEqual(calls.map(([code]) => code));
  });
});

describe("renaming", () => {
  it("moves files and directories, and replaces", () => {
    const replaced = open(root, "f");
    writeText(root, "new", "new");
    root.renameAt("new", root, "f");
    expect(replaced.stat().linkCount).toBe(0n);
    root.renameAt("f", open(root, "d"), "moved");
    root.renameAt("d/", root, "D/");
    expect(readText(root, "D/moved")).toBe("new");
    expect(readText(root, "D/g")).toBe("inner");
    expect(listNames(root)).toEqual(["D", "dangling", "dir", "e", "l"]);
    expect(open(root, "D").metadataHash()).toEqual(mountTree(TREE, "overlay").root.metadataHashAt({}, "d"));
  });

  it("moves a descriptor's directory along", () => {
    const directory = open(root, "d");
    root.createDirectoryAt("deep");
    root.renameAt("d", root, "deep/d");
    writeText(directory, "late", "late");
    expect(readText(root, "deep/d/late")).toBe("late");
  });

  it("takes links as they are", () => {
    root.renameAt("l", root, "d/l");
    expect(root.statAt({}, "d/l").type).toBe("symbolic-link");
    expect(thrown(() => open(root, "d/l"))).toBe("no-entry");
  });

  it("of a name onto another of the same file does nothing", () => {
    root.linkAt({}, "f", root, "h");
    root.renameAt("f", root, "h");
    expect(root.statAt({}, "f").linkCount).toBe(2n);
  });

  it("says what is wrong", () => {
    root.createDirectoryAt("d/sub");
    const calls: [string, () => unknown][] = [
      ["no-entry", () => root.renameAt("x", root, "y")],
      ["no-entry", () => root.renameAt("f", root, "x/y")],
      ["no-entry", () => root.renameAt("f", root, "y/")],
      ["not-directory", () => root.renameAt("f/", root, "y")],
      ["not-directory", () => root.renameAt("d", root, "f")],
      ["is-directory", () => root.renameAt("f", root, "d")],
      ["not-empty", () => root.renameAt("e", root, "d")],
      ["invalid", () => root.renameAt("d", root, "d/sub/d")],
      ["invalid", () => root.renameAt("d", open(root, "d/sub"), "d")],
      ["busy", () => root.renameAt(".", root, "y")],
      ["busy", () => root.renameAt("d", root, ".")],
      ["name-too-long", () => root.renameAt("f", root, "n".repeat(256))],
      ["not-permitted", () => root.renameAt("f", root, "../outside/f")],
      ["not-permitted", () => root.renameAt("../outside/canary", root, "f")],
    ];
    expect(calls.map(([, call]) => thrown(call))).toEqual(calls.map(([code]) => code));
  });
});

describe("links", () => {
  it("are names of the same file", () => {
    root.linkAt({}, "f", open(root, "d"), "h");
    edit("d/h").write(bytes("C"), 0n);
    expect(readText(root, "f")).toBe("Content");
    expect(edit("f").isSameObject(edit("d/h"))).toBe(true);
    expect(root.statAt({}, "f").linkCount).toBe(2n);
    root.unlinkFileAt("f");
    expect(root.statAt({}, "d/h").linkCount).toBe(1n);
    expect(readText(root, "d/h")).toBe("Content");
  });

  it("are not made of directories, over others, or through symbolic ones", () => {
    const calls: [string, () => unknown][] = [
      ["not-permitted", () => root.linkAt({}, "d", root, "h")],
      ["not-permitted", () => root.linkAt({}, ".", root, "h")],
      ["exist", () => root.linkAt({}, "f", root, "l")],
      ["no-entry", () => root.linkAt({}, "x", root, "h")],
      ["no-entry", () => root.linkAt({}, "f", root, "h/")],
      ["invalid", () => root.linkAt(FOLLOW, "l", root, "h")],
      ["not-permitted", () => root.linkAt({}, "../outside/canary", root, "h")],
    ];
    expect(calls.map(([, call]) => thrown(call))).toEqual(calls.map(([code]) => code));
    root.linkAt({}, "l", root, "h");
    expect(root.readlinkAt("h")).toBe("f");
  });

  it("of the symbolic kind are made, read and followed", () => {
    root.symlinkAt("d/g", "s");
    expect(root.readlinkAt("s")).toBe("d/g");
    expect(root.statAt({}, "s")).toMatchObject({ type: "symbolic-link", size: 3n });
    expect(readText(root, "s")).toBe("inner");
    root.symlinkAt("./d//", "to-d");
    expect(readText(root, "to-d/g")).toBe("inner");
    root.symlinkAt("nowhere", "n");
    expect(thrown(() => open(root, "n"))).toBe("no-entry");
  });

  it("of the symbolic kind are refused where they make no sense", () => {
    const calls: [string, () => unknown][] = [
      ["not-permitted", () => root.symlinkAt("/etc/passwd", "s")],
      ["no-entry", () => root.symlinkAt("", "s")],
      ["invalid", () => root.symlinkAt("a\0b", "s")],
      ["exist", () => root.symlinkAt("x", "l")],
      ["no-entry", () => root.symlinkAt("x", "s/")],
      ["name-too-long", () => root.symlinkAt("x".repeat(4096), "s")],
    ];
    expect(calls.map(([, call]) => thrown(call))).toEqual(calls.map(([code]) => code));
  });
});

describe("times", () => {
  const at = (seconds: bigint) => ({ tag: "timestamp", val: { seconds, nanoseconds: 5 } }) as const;
  const [now, keep] = [{ tag: "now" }, { tag: "no-change" }] as const;
  const START = { seconds: 1_735_689_600n, nanoseconds: 0 };

  it("are the virtual clock's for what the guest writes", () => {
    const clock = host.imports["wasi:clocks/wall-clock"];
    for (let i = 0; i < 1500; i++) clock.now();
    const written = { seconds: START.seconds + 1n, nanoseconds: 500_000_000 };
    writeText(root, "new", "");
    edit("f").write(bytes("x"), 0n);
    for (const path of ["new", "f", "."]) expect(root.statAt({}, path).dataModificationTimestamp).toEqual(written);
    expect(root.statAt({}, "f").dataAccessTimestamp).toEqual(START);
    expect(root.statAt({}, "d/g").dataModificationTimestamp).toEqual(START);
    expect(clock.now()).toEqual(written);
  });

  it("are set", () => {
    root.setTimesAt({}, "l", at(1n), at(2n));
    root.setTimesAt(FOLLOW, "l", at(3n), keep);
    edit("d/g").setTimes(keep, at(4n));
    open(root, "d").setTimes(now, at(5n));
    const times = (path: string) => {
      const { dataAccessTimestamp: access, dataModificationTimestamp: modification } = root.statAt({}, path);
      return [access.seconds, modification.seconds];
    };
    expect([times("l"), times("f"), times("d/g"), times("d")]).toEqual([
      [1n, 2n],
      [3n, START.seconds],
      [START.seconds, 4n],
      [START.seconds, 5n],
    ]);
  });

  it("are refused when no clock could show them", () => {
    const early = { tag: "timestamp", val: { seconds: 0n, nanoseconds: 1_000_000_000 } } as const;
    expect(codes([() => root.setTimes(at(U64_MAX), keep), () => root.setTimes(keep, early)])).toEqual([
      "overflow",
      "invalid",
    ]);
  });
});

describe("the space for what is written", () => {
  const MIB = 1024 * 1024;
  const limited = () => mountTree({ f: "content", big: "x".repeat(4 * MIB) }, "overlay", { maxWritten: MIB });

  it("ends, and what has no place changes nothing", () => {
    const { root } = limited();
    const file = root.openAt({}, "f", {}, WRITE);
    expect(thrown(() => file.write(new Uint8Array(MIB + 1), 0n))).toBe("insufficient-space");
    expect(readText(root, "f")).toBe("content");
    file.write(new Uint8Array(MIB), 0n);
    expect(thrown(() => file.write(bytes("x"), BigInt(MIB)))).toBe("insufficient-space");
    expect(thrown(() => root.createDirectoryAt("d"))).toBe("insufficient-space");
    expect(thrown(() => root.openAt({}, "new", { create: true }, WRITE))).toBe("insufficient-space");
    expect(listNames(root)).toEqual(["big", "f"]);
  });

  it("is an error of streams too, which it closes", () => {
    const { root, imports } = limited();
    const stream = root.openAt({}, "new", { create: true }, WRITE).appendViaStream();
    let error: unknown;
    for (let i = 0; i < 1000 && error === undefined; i++) {
      try {
        stream.blockingWriteAndFlush(new Uint8Array(4096));
      } catch (thrown) {
        error = thrown;
      }
    }
    const { tag, val } = error as { tag: string; val: Parameters<(typeof types)["filesystemErrorCode"]>[0] };
    const types = imports["wasi:filesystem/types"];
    expect([tag, types.filesystemErrorCode(val)]).toEqual(["last-operation-failed", "insufficient-space"]);
    expect(thrown(() => stream.checkWrite())).toEqual({ tag: "closed" });
    expect(thrown(() => stream.write(bytes("x")))).toEqual({ tag: "closed" });
  });

  it("is only for what differs from the host, and holes take none", () => {
    const { root } = limited();
    const file = root.openAt({}, "big", {}, WRITE);
    file.write(bytes("y"), BigInt(2 * MIB));
    expect(readText(root, "big")).toHaveLength(1_000_000);
    file.setSize(2n ** 50n);
    file.write(bytes("z"), 2n ** 50n - 1n);
    expect(text(file.read(9n, 2n ** 50n - 1n)[0])).toBe("z");
  });

  it("comes back when a file is cut or gone, and not while it is open", () => {
    const { root } = limited();
    const fill = (path: string) => {
      const file = root.openAt({}, path, { create: true }, WRITE);
      try {
        file.write(new Uint8Array(MIB - 2 * 64 * 1024), 0n);
        return file;
      } catch (error) {
        file[Symbol.dispose]();
        throw error;
      }
    };
    const file = fill("a");
    expect(thrown(() => fill("b"))).toBe("insufficient-space");
    file.setSize(0n);
    const other = fill("b");
    const stream = other.readViaStream(0n);
    root.unlinkFileAt("b");
    expect(thrown(() => fill("c"))).toBe("insufficient-space");
    other[Symbol.dispose]();
    expect(thrown(() => fill("c"))).toBe("insufficient-space");
    stream[Symbol.dispose]();
    fill("c");
  });

  it("is not won by removing what the host has", () => {
    const { root } = limited();
    root.unlinkFileAt("big");
    root.unlinkFileAt("f");
    for (let i = 0; i < 256; i++) root.createDirectoryAt(`d${i}`);
    expect(thrown(() => root.createDirectoryAt("one-more"))).toBe("insufficient-space");
  });

  it("lasts for any number of files one after the other", () => {
    const { root } = limited();
    for (let i = 0; i < 2000; i++) {
      writeText(root, `f${i}`, "x");
      root.linkAt({}, `f${i}`, root, "l");
      root.symlinkAt("x", "s");
      root.createDirectoryAt("d");
      root.unlinkFileAt(`f${i}`);
      root.unlinkFileAt("l");
      root.unlinkFileAt("s");
      root.removeDirectoryAt("d");
    }
    expect(listNames(root)).toEqual(["big", "f"]);
  });
});

describe("what the guest does", () => {
  it("gives the same inode numbers each time", () => {
    const run = () => {
      const { root } = mountTree(TREE, "overlay");
      writeText(root, "a", "");
      root.createDirectoryAt("b");
      root.renameAt("a", root, "b/a");
      writeText(root, "a", "");
      return ["a", "b", "b/a", "f"].map((path) => root.metadataHashAt({}, path));
    };
    const [first, second] = [run(), run()];
    expect(first).toEqual(second);
    expect(new Set(first.map(({ lower }) => lower)).size).toBe(4);
  });

  it("tells what it has read of the mounts, each file as a whole", () => {
    open(root, "f").read(1n, 0n);
    readText(root, "dir/g");
    writeText(root, "own", "own");
    readText(root, "own");
    expect(host.files.filesRead()).toEqual([
      { path: "/d/g", size: 5, sha256: "33bf6fbd7cd8379785a21e233d8e09f824e7bab459168a96312c1c882c1d7e1f" },
      { path: "/f", size: 7, sha256: "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73" },
    ]);
  });

  it("tells of a file once, whatever it was called, and of each that one path has led to", () => {
    const mounted = mountTree({ a: "one", b: "two" }, "overlay");
    const { root } = mounted;
    for (let i = 0; i < 10; i++) {
      readText(root, i === 0 ? "a" : `a${i}`);
      root.renameAt(i === 0 ? "a" : `a${i}`, root, `a${i + 1}`);
    }
    readText(root, "b");
    root.renameAt("b", root, "a");
    root.renameAt("a10", root, "b");
    readText(root, "b");
    expect(mounted.files.filesRead().map(({ path, size }) => [path, size])).toEqual([
      ["/a", 3],
      ["/b", 3],
    ]);
  });
});
