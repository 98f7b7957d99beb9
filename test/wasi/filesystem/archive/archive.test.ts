import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import zlib from "node:zlib";
import { Header, Pax } from "tar";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { loadArchives } from "../../../../src/wasi/filesystem/archive/load.js";
import { parseArchive } from "../../../../src/wasi/filesystem/archive/parse.js";
import { ArchiveTree } from "../../../../src/wasi/filesystem/archive/tree.js";
import type { Descriptor } from "../../../../src/wasi/filesystem/descriptor.js";
import { bytes, scratch, thrown, U64_MAX } from "../../support.js";
import { FOLLOW, listNames, makeTree, mountRoots, open, readText, WRITE, writeText } from "../support.js";

interface Entry {
  readonly path: string;
  readonly type?: ConstructorParameters<typeof Header>[0] extends infer _ ? string : never;
  readonly linkpath?: string;
  readonly content?: string | Uint8Array;
  /** What the header says instead. */
  readonly size?: number;
}

/** An archive as no tar program would write it. */
function tarOf(...entries: Entry[]): Buffer {
  const blocks = entries.flatMap(({ path, type = "File", linkpath, content = "", size }) => {
    const data = Buffer.from(content);
    const block = Buffer.alloc(512);
    const header = new Header({
      path,
      type: type as "File",
      size: size ?? data.length,
      mode: 0o644,
      mtime: new Date(0),
      ...(linkpath !== undefined && { linkpath }),
    });
    if (header.encode(block)) throw new Error(`${path} does not fit into a header`);
    return [block, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function file(content: Uint8Array, name = "a.tar"): string {
  const path = join(scratch(), name);
  writeFileSync(path, content);
  return path;
}

async function mount(content: Uint8Array, mode: "ro" | "overlay" = "ro"): Promise<Descriptor> {
  return mountRoots(await loadArchives([{ archive: file(content), mode }])).root;
}

async function refusal(content: Uint8Array, limit?: number): Promise<string> {
  const path = file(content);
  const error = await loadArchives([{ archive: path }], limit).catch((error: unknown) => error);
  expect(error).toMatchObject({ name: "ComponentInitError", code: "io" });
  const [, reason] = (error as Error).message.split(`cannot mount the archive ${path}: `);
  return reason as string;
}

const TREE = {
  "d/f": "inner",
  "d/to-g": { link: "../g" },
  g: "content",
  empty: "",
  large: "0123456789".repeat(20_000),
  [`${"long/".repeat(40)}${"n".repeat(200)}`]: "far away",
  ünïcode: "\u{1f600}",
};

describe("archives as programs make them", () => {
  const formats: [string, string[]][] = [
    ["tar", []],
    ["tar, posix", ["--format=posix"]],
    ["tar, ustar-like v7 names", ["--format=gnu", "--sort=name"]],
    ["tar.gz", ["-z"]],
    ["tar.zst", ["--zstd"]],
  ];
  it.each(formats)("show their contents: %s", async (name, flags) => {
    const dir = scratch();
    makeTree(dir, TREE);
    const path = join(scratch(), name);
    execFileSync("tar", ["-C", dir, ...flags, "-cf", path, "."]);
    const { root } = mountRoots(await loadArchives([{ archive: path }]));
    expect(listNames(root)).toEqual(["d", "empty", "g", "large", "long", "ünïcode"]);
    expect(listNames(open(root, "d"))).toEqual(["f", "to-g"]);
    expect(readText(root, "d/to-g")).toBe("content");
    expect(readText(root, "large")).toBe(TREE.large);
    expect(readText(root, `${"long/".repeat(40)}${"n".repeat(200)}`)).toBe("far away");
    expect(open(root, "empty").read(1n, 0n)).toEqual([new Uint8Array(), true]);
    expect(open(root, "large").read(U64_MAX, 199_999n).map(String)).toEqual([String("9".charCodeAt(0)), "true"]);
    const time = { seconds: 1_735_689_600n, nanoseconds: 0 };
    expect(root.statAt({}, "g")).toMatchObject({ size: 7n, dataModificationTimestamp: time });
  });

  it("show the same as the directory that they were made of, inode numbers included", async () => {
    const dir = scratch();
    makeTree(dir, TREE);
    const path = join(scratch(), "a.tar");
    execFileSync("tar", ["-C", dir, "-cf", path, "."]);
    const roots = [mountRoots([{ host: dir, guest: "/" }]), mountRoots(await loadArchives([{ archive: path }]))];
    const [one, other] = roots.map(({ root }) =>
      Object.keys(TREE).map((path) => [root.statAt({}, path), root.metadataHashAt({}, path)]),
    );
    expect(one).toEqual(other);
    for (const { root } of roots) readText(root, "g");
    expect(roots[0]?.files.filesRead()).toEqual(roots[1]?.files.filesRead());
  });

  it("are mounted at / unless said otherwise, next to directories", async () => {
    const archive = file(tarOf({ path: "f", content: "archived" }));
    const dir = scratch();
    const preopens = await loadArchives([
      { archive },
      { archive, guest: "/sub/more" },
      { host: dir, guest: "/dir", mode: "rw" },
    ]);
    const { root, imports } = mountRoots(preopens);
    expect(imports["wasi:filesystem/preopens"].getDirectories().map(([, guest]) => guest)).toEqual([
      "/",
      "/sub/more",
      "/dir",
    ]);
    expect(listNames(root)).toEqual(["dir", "f", "sub"]);
    expect(readText(root, "sub/more/f")).toBe("archived");
    writeText(root, "dir/new", "");
    expect(thrown(() => root.renameAt("f", root, "dir/f"))).toBe("cross-device");
  });

  it("can be empty", async () => {
    expect(listNames(await mount(tarOf()))).toEqual([]);
  });

  it("cannot be changed", async () => {
    const root = await mount(tarOf({ path: "f", content: "content" }));
    const changes = [
      () => root.openAt({}, "f", {}, WRITE),
      () => root.openAt({}, "new", { create: true }, WRITE),
      () => root.unlinkFileAt("f"),
      () => root.renameAt("f", root, "g"),
    ];
    expect(changes.map(thrown)).toEqual(changes.map(() => "read-only"));
  });

  it("with overlay are changed in memory", async () => {
    const root = await mount(
      tarOf({ path: "d/f", content: "content" }, { path: "d/h", type: "Link", linkpath: "d/f" }),
      "overlay",
    );
    expect(root.statAt({}, "d/f").linkCount).toBe(2n);
    root.openAt({}, "d/f", {}, WRITE).write(bytes("C"), 0n);
    expect(readText(root, "d/h")).toBe("Content");
    root.unlinkFileAt("d/f");
    root.renameAt("d", root, "e");
    expect(listNames(open(root, "e"))).toEqual(["h"]);
  });
});

describe("entries", () => {
  it("that are special are shown as such and not opened", async () => {
    const types = { c: "CharacterDevice", b: "BlockDevice", p: "FIFO" };
    const root = await mount(tarOf(...Object.entries(types).map(([path, type]) => ({ path, type }))));
    expect(["b", "c", "p"].map((path) => root.statAt({}, path).type)).toEqual([
      "block-device",
      "character-device",
      "fifo",
    ]);
    for (const path of ["b", "c", "p"]) expect(thrown(() => open(root, path))).toBe("not-permitted");
  });

  it("come later to replace earlier ones; directories join", async () => {
    const directory = { path: "d/", type: "Directory" };
    const root = await mount(
      tarOf(
        { path: "f", content: "old" },
        { path: "d/a" },
        directory,
        { path: "./f", content: "new" },
        { path: "d//b" },
      ),
    );
    expect(readText(root, "f")).toBe("new");
    expect(listNames(open(root, "d"))).toEqual(["a", "b"]);
  });

  it("that are links keep to the archive", async () => {
    const links = { abs: "/etc/passwd", up: "../../../etc/passwd", "d/up": "../../f", in: "d/../f", loop: "loop" };
    const root = await mount(
      tarOf(
        { path: "f", content: "inside" },
        ...Object.entries(links).map(([path, linkpath]) => ({ path, linkpath, type: "SymbolicLink" })),
      ),
    );
    expect(["abs", "up", "d/up"].map((path) => thrown(() => open(root, path)))).toEqual(
      new Array(3).fill("not-permitted"),
    );
    expect(thrown(() => root.readlinkAt("abs"))).toBe("not-permitted");
    expect(thrown(() => open(root, "loop"))).toBe("loop");
    expect(readText(root, "in")).toBe("inside");
  });

  const refused: [string, Entry[], RegExp][] = [
    ["..", [{ path: "../f" }], /entry \.\.\/f would lead out/],
    [".. further in", [{ path: "a/../../f" }], /would lead out/],
    ["a directory ..", [{ path: "..", type: "Directory" }], /would lead out/],
    ["an absolute name", [{ path: "/etc/passwd" }], /\/etc\/passwd is an absolute path/],
    [
      "no name",
      [
        { path: "./", type: "File" },
        { path: ".", type: "File", content: "x" },
      ],
      /has no name/,
    ],
    ["a name below a file", [{ path: "f" }, { path: "f/x" }], /f\/x lies in f, which is no directory/],
    [
      "a name below a link",
      [
        { path: "l", type: "SymbolicLink", linkpath: "/etc" },
        { path: "l/passwd", content: "x" },
      ],
      /l\/passwd lies in l, which is no directory/,
    ],
    ["a file in the place of a directory", [{ path: "d/f" }, { path: "d" }], /d is at the same time a directory/],
    ["a hard link outside", [{ path: "h", type: "Link", linkpath: "../../etc/passwd" }], /hard link.* would lead out/],
    [
      "an absolute hard link",
      [{ path: "h", type: "Link", linkpath: "/etc/passwd" }],
      /hard link.* is an absolute path/,
    ],
    ["a hard link to nothing", [{ path: "h", type: "Link", linkpath: "f" }, { path: "f" }], /no file in the archive/],
    [
      "a hard link to a directory",
      [{ path: "d/f" }, { path: "h", type: "Link", linkpath: "d" }],
      /no file in the archive/,
    ],
    [
      "a hard link through a link",
      [
        { path: "l", type: "SymbolicLink", linkpath: "/etc" },
        { path: "h", type: "Link", linkpath: "l/passwd" },
      ],
      /no file in the archive/,
    ],
    [
      "an unknown type",
      [{ path: "f", type: "SparseFile", content: "x" }],
      /f is of a kind that is not supported \(SparseFile\)/,
    ],
    ["a sparse file of pax", [{ path: "d/GNUSparseFile.123/f", content: "x" }], /sparse/],
    ["more contents than there are", [{ path: "f", content: "x", size: 10_000 }], /ends in the middle/],
    ["more contents than the header can mean", [{ path: "f", content: "x", size: 2 ** 33 - 1 }], /ends in the middle/],
  ];
  it.each(refused)("with %s are refused", async (_, entries, message) => {
    expect(await refusal(tarOf(...entries))).toMatch(message);
  });

  it("with names in pax headers are refused just so", async () => {
    const pax = (fields: object) => new Pax({ path: "x", ...fields } as ConstructorParameters<typeof Pax>[0]).encode();
    const evil = Buffer.concat([pax({ path: "../../evil" }), tarOf({ path: "fine", content: "x" })]);
    expect(await refusal(evil)).toMatch(/\.\.\/\.\.\/evil would lead out/);
    const large = Buffer.concat([pax({ path: "fine", size: 2 ** 50 }), tarOf({ path: "fine", content: "x" })]);
    expect(await refusal(large)).toMatch(/ends in the middle/);
  });

  /** An archive with other bytes in the place of `~`. */
  const withBytes = (replacement: readonly number[], ...entries: Entry[]) => {
    const archive = tarOf(...entries);
    const mark = "~".repeat(replacement.length);
    for (let at = archive.indexOf(mark); at >= 0; at = archive.indexOf(mark)) archive.set(replacement, at);
    for (let at = 0; at < archive.length; at += 512) fixChecksum(archive.subarray(at, at + 512));
    return archive;
  };

  function fixChecksum(block: Buffer): void {
    if (!block.includes("ustar")) return;
    block.fill(" ", 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  }

  it.each([
    ["a file", [{ path: "ok" }, { path: "d/caf~.txt" }], /^it has the name d\/caf\ufffd\.txt, which is not UTF-8$/],
    ["a directory", [{ path: "d~/", type: "Directory" }], /the name d\ufffd\/, which is not UTF-8/],
    ["one in a directory", [{ path: "d~/f" }], /is not UTF-8/],
    ["a link's target", [{ path: "l", type: "SymbolicLink", linkpath: "caf~" }], /the name caf\ufffd, which is not/],
  ])("whose names are not UTF-8 are refused: %s", async (_, entries, message) => {
    expect(await refusal(withBytes([0xe9], ...entries))).toMatch(message);
  });

  it("whose names are not UTF-8 are refused: one part, where another has the character that stands for it", async () => {
    const name = withBytes([0xef, 0xbf, 0xbd, 0x2f, 0xe9], { path: "d/~~~~~" });
    expect(await refusal(name)).toMatch(/the name d\/\ufffd\/\ufffd, which is not UTF-8/);
  });

  const longName = async (format: string, end: readonly number[]) => {
    const dir = scratch();
    writeFileSync(Buffer.concat([Buffer.from(`${dir}/${"n".repeat(150)}`), Buffer.from(end)]), "x");
    const path = join(scratch(), "a.tar");
    execFileSync("tar", ["-C", dir, `--format=${format}`, "-cf", path, "."]);
    return loadArchives([{ archive: path }]);
  };

  it.each(["gnu", "posix"])("whose long names are not UTF-8 are refused: %s", async (format) => {
    await expect(longName(format, [0xe9])).rejects.toThrow(/n\ufffd, which is not UTF-8/);
  });

  it.each(["gnu", "posix"])("may have long names of any characters: %s", async (format) => {
    const { root } = mountRoots(await longName(format, [...Buffer.from("ü\n1 path=x\n")]));
    expect(readText(root, `${"n".repeat(150)}ü\n1 path=x\n`)).toBe("x");
  });

  it("may have the character that stands for what is no character in their names", async () => {
    const link = { path: "l", type: "SymbolicLink", linkpath: "d~~~/f~~~" };
    const root = await mount(withBytes([0xef, 0xbf, 0xbd], { path: "d~~~/f~~~", content: "x" }, link));
    expect(readText(root, "d\ufffd/f\ufffd")).toBe("x");
    expect(readText(root, "l")).toBe("x");
  });

  it("too many are refused, also when directories make up for it", () => {
    const add = (archive: Buffer, limit: number) => {
      const tree = new ArchiveTree(limit);
      for (const entry of parseArchive(archive)) tree.add(entry);
    };
    const archive = tarOf({ path: "a/b/c/d" }, { path: "a/e" });
    expect(thrown(() => add(archive, 4))).toMatchObject({ message: "it has more than 4 entries" });
    add(archive, 5);
  });
});

describe("what is no archive", () => {
  const sound = tarOf({ path: "f", content: "content" });
  it.each([
    ["empty", Buffer.alloc(0), /not a (sound )?tar archive/],
    [
      "an archive that breaks off between blocks",
      tarOf({ path: "f", content: "x".repeat(999) }).subarray(0, 1024),
      /ends in the middle/,
    ],
    ["text", Buffer.from("text\n".repeat(500)), /not a (sound )?tar archive/],
    ["zeroes and nothing else", Buffer.alloc(100), /not a (sound )?tar archive/],
    ["a broken checksum", Buffer.concat([Buffer.from("g"), sound.subarray(1)]), /checksum/],
    ["gzip that breaks off", zlib.gzipSync(sound).subarray(0, -10), /cannot be decompressed/],
    ["gzip of something else", zlib.gzipSync(Buffer.from("text")), /not a (sound )?tar archive/],
    [
      "a zip archive",
      Buffer.concat([Buffer.from("PK\x03\x04"), Buffer.alloc(600)]),
      /by gzip or zstd, but a zip archive$/,
    ],
    [
      "xz",
      Buffer.concat([Buffer.from("\xfd7zXZ\0", "latin1"), Buffer.alloc(600)]),
      /zstd, but xz-compressed data \(decompress it first\)$/,
    ],
    ["zstd that breaks off", zlib.zstdCompressSync(sound).subarray(0, -5), /cannot be decompressed/],
    ["gzip in gzip", zlib.gzipSync(zlib.gzipSync(sound)), /compressed twice/],
    ["an archive that breaks off", sound.subarray(0, 600), /Truncated/],
  ])("is refused: %s", async (_, content, message) => {
    expect(await refusal(content)).toMatch(message);
  });

  it("is refused: a directory, a FIFO, nothing", async () => {
    const dir = scratch();
    execFileSync("mkfifo", [join(dir, "fifo")]);
    for (const [path, message] of [
      [dir, /not a file/],
      [join(dir, "fifo"), /not a file/],
      [join(dir, "x"), /ENOENT/],
    ] as const) {
      await expect(loadArchives([{ archive: path }])).rejects.toThrow(message);
    }
  });
});

describe("the limit on what archives hold", () => {
  const GIB = 1024 ** 3;

  it.each([
    ["gzip", () => gzipBomb()],
    ["zstd", () => zlib.zstdCompressSync(Buffer.alloc(256 * 1024 * 1024))],
  ])("stops a bomb early: %s", async (_, bomb) => {
    const content = bomb();
    expect(content.length).toBeLessThan(2 * 1024 * 1024);
    const before = process.memoryUsage().rss;
    expect(await refusal(content, 8 * 1024 * 1024)).toMatch(/^decompressed it is larger than 8388608 bytes/);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });

  /** 1 GiB of zeroes in many members, as gzip allows. */
  function gzipBomb(): Buffer {
    const member = zlib.gzipSync(Buffer.alloc(64 * 1024 * 1024));
    return Buffer.concat(Array.from({ length: GIB / (64 * 1024 * 1024) }, () => member));
  }

  it("is for all archives together, compressed or not", async () => {
    const one = tarOf({ path: "f", content: "x".repeat(10_000) });
    const archives = [one, zlib.gzipSync(one), zlib.zstdCompressSync(one)].map((content) => ({
      archive: file(content),
    }));
    await expect(loadArchives(archives, 3 * one.length)).resolves.toHaveLength(3);
    await expect(loadArchives(archives, 3 * one.length - 1)).rejects.toThrow(/larger than 11775 bytes/);
    await expect(loadArchives(archives.slice(0, 1), one.length - 1)).rejects.toThrow(/larger than/);
  });
});

it("zstd needs a Node that has it", async () => {
  const spy = vi.spyOn(
    zlib as unknown as Record<"zstdDecompressSync", object | undefined>,
    "zstdDecompressSync",
    "get",
  );
  onTestFinished(() => spy.mockRestore());
  spy.mockReturnValue(undefined);
  expect(await refusal(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]))).toMatch(/Node 22\.15 or later is needed/);
});

it("a link in an archive leads into what is mounted inside, and no further", async () => {
  const dir = scratch();
  makeTree(dir, { f: "mounted", out: { link: "../../etc/passwd" } });
  const archive = file(
    tarOf(
      { path: "l", type: "SymbolicLink", linkpath: "mnt/f" },
      { path: "e", type: "SymbolicLink", linkpath: "mnt/out" },
    ),
  );
  const { root } = mountRoots(await loadArchives([{ archive }, { host: dir, guest: "/mnt" }]));
  expect(readText(root, "l")).toBe("mounted");
  expect(thrown(() => root.openAt(FOLLOW, "e", {}, {}))).toBe("not-permitted");
});
