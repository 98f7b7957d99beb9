import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { bytes, scratch, thrown } from "../support.js";
import { makeTree, open, openRoot, READ } from "./support.js";

const NOW = { tag: "now" } as const;

function setUp() {
  const dir = scratch();
  makeTree(dir, { f: "content", "d/g": "", l: { link: "f" } });
  const root = openRoot(dir);
  return { dir, root, file: open(root, "f") };
}

it("refuses every change, and changes nothing", () => {
  const { dir, root, file } = setUp();
  const changes = [
    () => root.openAt({}, "new", { create: true }, READ),
    () => root.openAt({}, "f", { create: true }, READ),
    () => root.openAt({}, "f", { create: true, exclusive: true }, READ),
    () => root.openAt({}, "f", { truncate: true }, READ),
    () => root.openAt({}, "f", {}, { read: true, write: true }),
    () => root.openAt({}, "d", { directory: true }, { mutateDirectory: true }),
    () => file.write(bytes("x"), 0n),
    () => file.writeViaStream(0n),
    () => file.appendViaStream(),
    () => file.setSize(0n),
    () => file.setTimes(NOW, NOW),
    () => root.setTimes(NOW, NOW),
    () => root.setTimesAt({}, "f", NOW, NOW),
    () => root.createDirectoryAt("new"),
    () => root.symlinkAt("f", "new"),
    () => root.linkAt({}, "f", root, "new"),
    () => root.renameAt("f", root, "new"),
    () => root.renameAt("f", root, "d/g"),
    () => root.removeDirectoryAt("d"),
    () => root.unlinkFileAt("f"),
    () => root.unlinkFileAt("l"),
  ];
  expect(changes.map(thrown)).toEqual(changes.map(() => "read-only"));
  expect(readdirSync(dir).sort()).toEqual(["d", "f", "l"]);
  expect(readFileSync(join(dir, "f"), "utf8")).toBe("content");
});

it("says what else is wrong first, as POSIX does", () => {
  const { root } = setUp();
  const calls: [string, () => unknown][] = [
    ["exist", () => root.createDirectoryAt("d")],
    ["exist", () => root.symlinkAt("f", "d")],
    ["exist", () => root.linkAt({}, "f", root, "l")],
    ["no-entry", () => root.createDirectoryAt("x/y")],
    ["no-entry", () => root.unlinkFileAt("x")],
    ["no-entry", () => root.removeDirectoryAt("x")],
    ["no-entry", () => root.renameAt("x", root, "y")],
    ["no-entry", () => root.linkAt({}, "x", root, "y")],
    ["no-entry", () => root.setTimesAt({}, "x", NOW, NOW)],
    ["is-directory", () => root.unlinkFileAt("d")],
    ["not-directory", () => root.removeDirectoryAt("f")],
    ["not-permitted", () => root.symlinkAt("/etc/passwd", "new")],
    ["not-permitted", () => root.createDirectoryAt("../x")],
    ["not-permitted", () => root.renameAt("f", root, "/x")],
    ["bad-descriptor", () => root.setSize(0n)],
  ];
  expect(calls.map(([, call]) => thrown(call))).toEqual(calls.map(([code]) => code));
});
