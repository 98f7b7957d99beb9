import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { initialize, instrument, type MountMode, preinitialize, prepare } from "../../src/index.js";
import { loadFixture } from "../support/fixtures.js";
import { FIXTURES } from "../support/paths.js";
import { refusal } from "../support/refusal.js";
import { treeOf } from "../wasi/filesystem/support.js";

let program: Uint8Array;
beforeAll(async () => {
  program = await loadFixture("c-files");
});

const UNTOUCHED = { "data.txt": "data", "old.txt": "old" };
const CANARY = { canary: "canary" };

function setUp() {
  const base = realpathSync(mkdtempSync(join(tmpdir(), "component-init-files-")));
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  const [work, outside] = [join(base, "work"), join(base, "outside")];
  cpSync(join(FIXTURES, "c-files/preopen"), work, { recursive: true });
  mkdirSync(outside);
  writeFileSync(join(outside, "canary"), "canary");
  return { base, work, outside };
}

const run = (initFunc: string, host: string, mode: MountMode) =>
  preinitialize(program, { initFunc, preopens: [{ host, guest: "/files", mode }] });

test.each([
  ["none", /^cannot preopen the directory .*none: it does not exist$/],
  ["outside/canary", /^cannot preopen .*canary: it is not a directory$/],
])("a preopen that is no directory (%s) is named", async (name, says) => {
  const { base } = setUp();
  const preopens = [{ host: join(base, name), guest: "/files" }];
  expect((await refusal(program, { initFunc: "use-everything", preopens }, "io")).message).toMatch(says);
});

describe("a program that uses files", () => {
  const WRITTEN = {
    "data.txt": "Data!\0",
    "dir/hard": "one two",
    "dir/late": "late",
    "dir/moved": "one two",
    "dir/soft": { link: "hard" },
  };

  test("writes to a directory mounted with rw", async () => {
    const { work, outside } = setUp();
    const { report } = await run("use-everything", work, "rw");
    expect([treeOf(work), treeOf(outside)]).toEqual([WRITTEN, CANARY]);
    expect(statSync(join(work, "dir/moved")).mtimeMs).toBe(12_000);
    expect(report.warnings).toEqual([]);
  });

  test("writes nothing with overlay, and is not told", async () => {
    const { work } = setUp();
    await run("use-everything", work, "overlay");
    expect(treeOf(work)).toEqual(UNTOUCHED);
  });

  test("is told with ro", async () => {
    const { work } = setUp();
    const error = await refusal(
      program,
      { initFunc: "use-everything", preopens: [{ host: work, guest: "/files" }] },
      "init-failed",
    );
    expect(error.message).toMatch(/Read-only file system/);
    expect(error.details.slice(0, 2)).toEqual([
      "not granted:",
      "  wasi:filesystem/types in /files answered read-only (grant it with --dir HOST::/files::rw, or ::overlay)",
    ]);
    expect(error.details.join("\n")).toContain("use_everything");
    expect(treeOf(work)).toEqual(UNTOUCHED);
  });

  test("gives the same output whatever the directory was called and however it is mounted", async () => {
    const components = [];
    for (const mode of ["rw", "overlay", "rw"] as const) {
      components.push((await run("use-everything", setUp().work, mode)).component);
    }
    const [first, ...others] = components as [Uint8Array, ...Uint8Array[]];
    for (const other of others) expect(Buffer.compare(first, other)).toBe(0);
  });

  test("phase by phase, has its changes written when the caller says so", async () => {
    const { work } = setUp();
    const preopens = [{ host: work, guest: "/files", mode: "rw" }] as const;
    const initialized = await initialize(await prepare(instrument(program)), "use-everything", { preopens });
    expect(treeOf(work)).toEqual(UNTOUCHED);
    expect(initialized.files.filesRead().map(({ path, size }) => [path, size])).toEqual([]);
    await initialized.files.commit();
    expect(treeOf(work)).toEqual(WRITTEN);
  });
});

describe("an initialization that fails writes nothing", () => {
  test.each([
    ["write-then-fail", "init-failed"],
    ["write-then-trap", "init-trapped"],
    ["leave-open", "live-handles"],
  ] as const)("%s", async (initFunc, code) => {
    const { work } = setUp();
    await refusal(program, { initFunc, preopens: [{ host: work, guest: "/files", mode: "rw" }] }, code);
    expect(treeOf(work)).toEqual(UNTOUCHED);
  });

  test("nor does one whose changes cannot be written", async () => {
    const { base, work } = setUp();
    const [one, two] = [join(work, "a"), join(work, "b")];
    for (const dir of [one, two]) cpSync(join(FIXTURES, "c-files/preopen"), dir, { recursive: true });
    const error = await refusal(
      program,
      {
        initFunc: "use-everything",
        preopens: [{ host: one, guest: "/files", mode: "rw" }],
        // What a program next to it might do in the meantime.
        onPhase: { start: (phase) => void (phase === "snapshot" && symlinkSync(base, join(one, "dir"))), end() {} },
      },
      "io",
    );
    expect(error.message).toMatch(
      /cannot write the guest's changes to .*: file already exists: .*\/a\/dir; nothing was changed/,
    );
    expect(treeOf(one)).toEqual({ ...UNTOUCHED, dir: { link: base } });
  });
});

describe("a hostile program gets nowhere", () => {
  test.each(["swap-open-directory", "follow-own-link", "climb-out"])("%s", async (initFunc) => {
    for (const mode of ["rw", "overlay"] as const) {
      const { work, outside } = setUp();
      const result = await run(initFunc, work, mode).then(
        () => "succeeded",
        (error: Error) => error.message,
      );
      // Links that lead out are its own as long as it runs, and not written.
      const isLink = initFunc === "follow-own-link" && mode === "rw";
      expect(result).toMatch(isLink ? /symbolic link \w+ would lead out of the directory/ : /^succeeded$/);
      expect(treeOf(outside)).toEqual(CANARY);
      expect(treeOf(work)).toMatchObject(UNTOUCHED);
    }
  });

  test("open-fifo", async () => {
    for (const mode of ["ro", "rw", "overlay"] as const) {
      const { work } = setUp();
      execFileSync("mkfifo", [join(work, "fifo")]);
      await run("open-fifo", work, mode);
    }
  });

  test("fill-disk", async () => {
    const { work } = setUp();
    const preopens = [{ host: work, guest: "/files", mode: "rw" }] as const;
    await preinitialize(program, { initFunc: "fill-disk", preopens, maxWritten: 2 ** 23 });
    expect(treeOf(work)).toEqual({ ...UNTOUCHED, small: "fits" });
  });
});

test("a program reads an archive", async () => {
  const { base } = setUp();
  const tree = join(base, "tree");
  mkdirSync(join(tree, "lib"), { recursive: true });
  writeFileSync(join(tree, "lib/f"), "archived");
  symlinkSync("f", join(tree, "lib/soft"));
  symlinkSync("../../etc/passwd", join(tree, "evil"));
  execFileSync("mkfifo", [join(tree, "device")]);
  chmodSync(join(tree, "lib/f"), 0o400);
  const archive = join(base, "a.tar.gz");
  execFileSync("tar", ["-C", tree, "-czf", archive, "."]);
  await preinitialize(program, { initFunc: "read-archive", preopens: [{ archive, guest: "/archive" }] });
});
