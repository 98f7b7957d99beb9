import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parseDir, parseTar } from "../../src/cli/mounts.js";
import { loadFixture } from "../support/fixtures.js";
import { FIXTURES } from "../support/paths.js";
import { treeOf } from "../wasi/filesystem/support.js";
import { cli, useWorkspace } from "./cli.js";

describe("--dir", () => {
  test.each([
    ["data", { host: "data", guest: "data" }],
    ["./data::/", { host: "./data", guest: "/" }],
    ["a:b::/c:d", { host: "a:b", guest: "/c:d" }],
    ["data::/d::ro", { host: "data", guest: "/d", mode: "ro" }],
    ["data::rw", { host: "data", guest: "data", mode: "rw" }],
    ["data::overlay", { host: "data", guest: "data", mode: "overlay" }],
    ["data::/d::rw", { host: "data", guest: "/d", mode: "rw" }],
    ["data::/d::overlay", { host: "data", guest: "/d", mode: "overlay" }],
    ["data::/rw", { host: "data", guest: "/rw" }],
    ["data::./rw", { host: "data", guest: "./rw" }],
    ["data::rw::rw", { host: "data", guest: "rw", mode: "rw" }],
  ])("%s", (text, expected) => {
    expect(parseDir(text)).toEqual(expected);
  });

  test.each(["::/x", "x::", "::", "::rw", "x::::rw"])("%s is refused", (text) => {
    expect(() => parseDir(text)).toThrow(/is missing/);
  });
});

test.each([
  ["data::/d::readonly", /::readonly is no mode \(::ro, ::rw or ::overlay may follow/],
  ["data::/d::RW", /::RW is no mode/],
  ["data::/d:rw", /:rw is no mode/],
  ["data::/d::rw::rw", /::rw is no mode/],
])("--dir %s is refused", (text, message) => {
  expect(() => parseDir(text)).toThrow(message);
});

describe("--tar", () => {
  test.each([
    ["a.tar", { archive: "a.tar", guest: "/" }],
    ["a.tgz::/lib", { archive: "a.tgz", guest: "/lib" }],
    ["a.tar.zst::overlay", { archive: "a.tar.zst", guest: "/", mode: "overlay" }],
    ["a.tar::/lib::ro", { archive: "a.tar", guest: "/lib", mode: "ro" }],
    ["a.tar::/lib::overlay", { archive: "a.tar", guest: "/lib", mode: "overlay" }],
  ])("%s", (text, expected) => {
    expect(parseTar(text)).toEqual(expected);
  });

  test("an archive cannot be written", () => {
    expect(() => parseTar("a.tar::/::rw")).toThrow(/stays as it is/);
    expect(() => parseTar("::/x")).toThrow(/archive is missing/);
    expect(() => parseTar("a.tar::/x::over")).toThrow(/::over is no mode \(::ro or ::overlay may/);
  });
});

describe("a guest that writes", () => {
  const { path, write } = useWorkspace();
  let input: string;
  beforeAll(async () => {
    input = await write("files.wasm", await loadFixture("c-files"));
  });

  const run = (initFunc: string, ...more: string[]) =>
    cli(["run", input, "-o", path("out.wasm"), "-f", initFunc, ...more]);
  const work = (name: string) => {
    cpSync(join(FIXTURES, "c-files/preopen"), path(name), { recursive: true });
    return path(name);
  };

  test.each(["rw", "overlay"])("with ::%s", async (mode) => {
    const dir = work(mode);
    expect(await run("use-everything", "--dir", `${dir}::/files::${mode}`)).toMatchObject({ exitCode: 0 });
    expect(Object.keys(treeOf(dir)).includes("dir/moved")).toBe(mode === "rw");
  });

  test("without a mode is refused, and named modes need no guest path", async () => {
    const dir = work("ro");
    const { exitCode, stderr } = await run("use-everything", "--dir", `${dir}::/files`);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/Read-only file system/) });
    expect(await run("climb-out", "--dir", `${dir}::rw`, "--dir", `${dir}::/files`)).toMatchObject({ exitCode: 0 });
  });

  test("--max-written bounds what a guest writes", async () => {
    const dir = work("full");
    const { exitCode, stderr } = await run(
      "use-everything",
      "--dir",
      `${dir}::/files::overlay`,
      "--max-written",
      "4KiB",
    );
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/No space left on device/);
  });

  test("leaves output and directory alone when it fails", async () => {
    const dir = work("fails");
    writeFileSync(path("out.wasm"), "older output");
    expect(await run("write-then-fail", "--dir", `${dir}::/files::rw`)).toMatchObject({ exitCode: 1 });
    expect(treeOf(dir)).toEqual({ "data.txt": "data", "old.txt": "old" });
    expect(readFileSync(path("out.wasm"), "utf8")).toBe("older output");
  });

  test("reads archives, up to a size", async () => {
    const tree = path("tree/lib");
    cpSync(join(FIXTURES, "c-files/preopen"), tree, { recursive: true });
    writeFileSync(join(tree, "f"), "archived");
    execFileSync("ln", ["-s", "f", join(tree, "soft")]);
    execFileSync("tar", ["-C", path("tree"), "-czf", path("a.tgz"), "."]);
    const archive = `${path("a.tgz")}::/archive`;
    expect(await run("read-archive", "--tar", archive)).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(/out\.wasm/),
    });
    const { exitCode, stderr } = await run("read-archive", "--tar", archive, "--max-archive-size", "4KiB");
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/a\.tgz: .* larger than 4096 bytes/),
    });
  });

  test.each([
    [2, ["--dir", ".::/x", "--dir", "/tmp::/x/"], /two mounts at the guest path \/x, \. and \/tmp/],
    [2, ["--dir", ".::/", "--tar", "a.tar"], /two mounts at the guest path \//],
    [2, ["--tar", "a.tar::rw"], /--tar a\.tar::rw: an archive stays as it is/],
    [2, ["--tar", "::/"], /the archive is missing \(ARCHIVE::GUEST\)/],
    [2, ["--max-archive-size", "1XB"], /--max-archive-size 1XB: a size such as/],
    [1, ["--tar", "missing.tar"], /cannot mount the archive missing\.tar: it does not exist/],
    [1, ["--tar", "files.wasm"], /cannot mount the archive files\.wasm: it is not a tar archive, plain or/],
    [1, ["--tar", "."], /cannot mount the archive \.: it is a directory \(--dir is for those\)/],
    [
      1,
      ["--dir", "files:/data"],
      /preopen the directory files:\/data: it does not exist \(HOST::GUEST has two colons\)/,
    ],
  ])("exit %d for %j", async (code, args, message) => {
    const options = { cwd: path(".") };
    const { exitCode, stderr } = await cli(["run", "files.wasm", "-o", "no.wasm", "-f", "climb-out", ...args], options);
    expect({ exitCode, stderr }).toEqual({ exitCode: code, stderr: expect.stringMatching(message) });
  });
});
