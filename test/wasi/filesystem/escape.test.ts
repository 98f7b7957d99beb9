import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { basename, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { betweenChecks, type Enclosure, throughDescriptor } from "../../../src/wasi/filesystem/enclosure.js";
import { TreeState } from "../../../src/wasi/filesystem/mount.js";
import { mountAll } from "../../../src/wasi/filesystem/mount-table.js";
import { find } from "../../../src/wasi/filesystem/resolve.js";
import { DEFAULT_TIME, Timeline } from "../../../src/wasi/timeline.js";
import { scratch, text, thrown } from "../support.js";
import { FOLLOW, listNames, makeTree, open, openRoot, READ, readText } from "./support.js";

const CANARY = "canary";

/** A mount, and next to it a directory with a file that the guest must not see. */
function setUp() {
  const base = scratch();
  const [inside, outside] = [join(base, "inside"), join(base, "outside")];
  makeTree(base, { "inside/d/f": "inside", "outside/f": CANARY, "outside/secret": CANARY });
  return { inside, outside, root: openRoot(inside) };
}

describe("no path leads out", () => {
  it("by going up", () => {
    const { root } = setUp();
    for (const path of ["..", "../outside/secret", "d/../../outside/secret", "d/../..", "./../inside/d/f"]) {
      expect(thrown(() => open(root, path))).toBe("not-permitted");
      expect(thrown(() => root.statAt({}, path))).toBe("not-permitted");
      expect(thrown(() => root.metadataHashAt(FOLLOW, path))).toBe("not-permitted");
    }
  });

  it("by going up from a directory inside: a descriptor is the root of its paths", () => {
    const directory = open(setUp().root, "d");
    expect(thrown(() => open(directory, "../d/f"))).toBe("not-permitted");
    expect(readText(directory, "f")).toBe("inside");
  });

  it("by being absolute", () => {
    const { root, outside, inside } = setUp();
    for (const path of ["/", "//", join(outside, "secret"), join(inside, "d", "f"), "/etc/passwd"]) {
      expect(thrown(() => open(root, path))).toBe("not-permitted");
    }
  });

  it("by symbolic links", () => {
    const { root, inside, outside } = setUp();
    makeTree(inside, {
      "abs-file": { link: join(outside, "secret") },
      "abs-dir": { link: outside },
      "abs-inside": { link: join(inside, "d") },
      "rel-file": { link: "../outside/secret" },
      "rel-dir": { link: "../outside" },
      "d/rel-dir": { link: "../../outside" },
      chain: { link: "d/rel-dir/secret" },
      "back-in": { link: `../${basename(inside)}/d/f` },
    });
    const names = ["abs-file", "abs-dir", "abs-inside", "rel-file", "rel-dir", "d/rel-dir", "chain", "back-in"];
    for (const name of names) {
      expect(thrown(() => open(root, name))).toBe("not-permitted");
      expect(thrown(() => root.statAt(FOLLOW, name))).toBe("not-permitted");
    }
    for (const path of ["abs-dir/secret", "rel-dir/secret", "d/rel-dir/secret", "rel-dir/", "rel-dir/."]) {
      expect(thrown(() => root.openAt({}, path, {}, READ))).toBe("not-permitted");
      expect(thrown(() => root.statAt({}, path))).toBe("not-permitted");
    }
  });

  it("by what readlink tells", () => {
    const { root, inside, outside } = setUp();
    makeTree(inside, { abs: { link: outside }, rel: { link: "d/f" } });
    expect(thrown(() => root.readlinkAt("abs"))).toBe("not-permitted");
    expect(root.readlinkAt("rel")).toBe("d/f");
    expect(thrown(() => root.readlinkAt("d"))).toBe("invalid");
  });
});

describe("symbolic links inside", () => {
  it("are followed in the guest's tree", () => {
    const { root, inside } = setUp();
    makeTree(inside, { l: { link: "d/../m/f" }, m: { link: "d" }, "d/up": { link: "../d/f" } });
    for (const path of ["l", "m/f", "d/up", "m/up"]) expect(readText(root, path)).toBe("inside");
    expect(listNames(open(root, "m/"))).toEqual(["f", "up"]);
  });

  it("are not opened themselves", () => {
    const { root, inside } = setUp();
    makeTree(inside, { l: { link: "d" } });
    expect(thrown(() => root.openAt({}, "l", {}, READ))).toBe("loop");
    expect(thrown(() => root.openAt({}, "l", { directory: true }, READ))).toBe("not-directory");
    expect(root.openAt({}, "l/", {}, READ).getType()).toBe("directory");
  });

  it("end when they go in circles or nowhere", () => {
    const { root, inside } = setUp();
    makeTree(inside, { a: { link: "b" }, b: { link: "a" }, self: { link: "self/x" }, gone: { link: "nowhere" } });
    expect(["a", "self", "a/x", "gone"].map((path) => thrown(() => open(root, path)))).toEqual([
      "loop",
      "loop",
      "loop",
      "no-entry",
    ]);
    expect(root.statAt({}, "a").type).toBe("symbolic-link");
  });

  it("end when there are more than 40 in a path, and not before", () => {
    const { root, inside } = setUp();
    for (let i = 0; i < 42; i++) symlinkSync(i === 0 ? "d/f" : `l${i - 1}`, join(inside, `l${i}`));
    expect(readText(root, "l39")).toBe("inside");
    expect(thrown(() => open(root, "l40"))).toBe("loop");
  });
});

describe("what is neither file nor directory", () => {
  it("shows its type and cannot be opened: no FIFO makes the host wait", async () => {
    const { root, inside } = setUp();
    execFileSync("mkfifo", [join(inside, "fifo")]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(inside, "socket"), resolve));
    onTestFinished(() => void server.close());
    for (const type of ["fifo", "socket"]) {
      expect(root.statAt({}, type)).toMatchObject({ type, size: 0n });
      expect(thrown(() => open(root, type))).toBe("not-permitted");
      expect(thrown(() => root.openAt({}, type, { directory: true }, READ))).toBe("not-directory");
      expect(thrown(() => open(root, `${type}/x`))).toBe("not-directory");
    }
  });

  it("shows devices so too", () => {
    const root = openRoot("/dev");
    expect(root.statAt({}, "zero").type).toBe("character-device");
    expect(thrown(() => open(root, "zero"))).toBe("not-permitted");
  });
});

const enclosures: [string, Enclosure][] = [["checks around the call", betweenChecks]];
if (process.platform === "linux") enclosures.push(["open directories", throughDescriptor]);

describe.each(enclosures)("what is swapped on the host meanwhile, with %s", (_, within) => {
  function mounted() {
    const { inside, outside } = setUp();
    const [mount] = mountAll([{ host: inside, guest: "/" }], new TreeState(new Timeline(DEFAULT_TIME), 0n), within);
    const root = mount?.root;
    if (root === undefined) throw new Error("nothing was mounted");
    const file = find(root, "d/f", false);
    const directory = find(root, "d", false);
    if (file.type !== "regular-file" || directory.type !== "directory") throw new Error("unexpected types");
    return { inside, outside, root, file, directory };
  }

  it("is a sound check: without a swap, all can be read", () => {
    const { file, directory } = mounted();
    expect(text(file.read(0n, 99))).toBe("inside");
    expect(directory.list().map(({ name }) => name)).toEqual(["f"]);
  });

  it("does not lead out when a directory becomes a link", () => {
    const { inside, outside, file, directory } = mounted();
    renameSync(join(inside, "d"), join(inside, "was-d"));
    symlinkSync(outside, join(inside, "d"));
    expect(thrown(() => file.read(0n, 99))).toBe("no-entry");
    expect(thrown(() => directory.lookup("secret"))).toBe("no-entry");
    expect(thrown(() => directory.list())).toBe("no-entry");
  });

  it("does not lead out when a directory further up becomes a link", () => {
    const { inside, outside, root, file, directory } = mounted();
    mkdirSync(join(outside, "d"));
    writeFileSync(join(outside, "d", "f"), CANARY);
    renameSync(inside, `${inside}-moved`);
    symlinkSync(outside, inside);
    expect(thrown(() => file.read(0n, 99))).toBe("no-entry");
    expect(thrown(() => directory.list())).toBe("no-entry");
    expect(thrown(() => root.lookup("secret"))).toBe("no-entry");
  });

  it("does not lead out when a file becomes a link", () => {
    const { inside, outside, file } = mounted();
    rmSync(join(inside, "d", "f"));
    symlinkSync(join(outside, "f"), join(inside, "d", "f"));
    expect(thrown(() => file.read(0n, 99))).toBe("no-entry");
  });

  it("does not make the host wait when a file becomes a FIFO", () => {
    const { inside, file } = mounted();
    rmSync(join(inside, "d", "f"));
    execFileSync("mkfifo", [join(inside, "d", "f")]);
    expect(thrown(() => file.read(0n, 99))).toBe("no-entry");
  });

  it("takes no more from a file than its size when it was found", () => {
    const { inside, file } = mounted();
    writeFileSync(join(inside, "d", "f"), "much longer than it was");
    expect(text(file.read(0n, 99))).toBe("much l");
  });

  it("does not take names that mean another place", () => {
    const { root } = mounted();
    for (const name of ["", ".", "..", "../outside", "d/f", "/", "x\0"]) expect(root.lookup(name)).toBeUndefined();
  });
});

it("does not lead out through a descriptor that was opened before the swap", () => {
  const { inside, outside, root } = setUp();
  const directory = open(root, "d");
  const file = open(root, "d/f");
  rmSync(join(inside, "d"), { recursive: true });
  symlinkSync(outside, join(inside, "d"));
  expect(thrown(() => open(directory, "secret"))).toBe("no-entry");
  expect(thrown(() => file.read(9n, 0n))).toBe("no-entry");
  expect(thrown(() => directory.readDirectory())).toBe("no-entry");
});

it.runIf(process.platform === "linux")("leaves no descriptor of the host open", () => {
  const { root } = setUp();
  const count = () => listNames(openRoot("/proc/self/fd")).length;
  const before = count();
  for (let i = 0; i < 10; i++) {
    expect(readText(root, "d/f")).toBe("inside");
    expect(listNames(root)).toEqual(["d"]);
    expect(thrown(() => open(root, `missing-${i}`))).toBe("no-entry");
  }
  expect(count()).toBe(before);
});
