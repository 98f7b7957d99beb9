import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { chmod, link, lstat, mkdir, readFile, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { zstdCompressSync } from "node:zlib";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { jcoSession } from "../support/jco.js";
import { ROOT } from "../support/paths.js";
import { wat } from "../support/wat.js";
import { COMPONENT, cli, MAIN, useWorkspace } from "./cli.js";

const { path, write } = useWorkspace();
const isRoot = process.getuid?.() === 0;

async function got(component: Uint8Array): Promise<unknown> {
  const { outcomes } = await jcoSession(component, { calls: [{ export: "get" }] });
  return outcomes;
}

/** Writes many views of the same bytes where they take no space, and counts what the system was given. */
async function countedWrite(count: number, size: number) {
  const program = `
    const { writeOutput } = await import(process.argv[1]);
    await writeOutput("/dev/null", new Array(${count}).fill(new Uint8Array(${size})));
    const io = (await import("node:fs")).readFileSync("/proc/self/io", "utf8");
    console.log(/^wchar: (\\d+)$/m.exec(io)[1]);`;
  const files = pathToFileURL(join(ROOT, "dist/cli/files.js")).href;
  const { stdout } = await execa(process.execPath, ["--input-type=module", "-e", program, files], { timeout: 20_000 });
  return { bytes: count * size, written: Number(stdout) - (Number(stdout) % size) };
}

describe("the input", () => {
  test("as text and as a binary gives the same output, and stays as it is", async () => {
    const text = await write("in.wat", COMPONENT);
    const binary = await write("in.wasm", await wat(COMPONENT));
    const before = await readFile(binary);
    expect(await cli(["run", text, "-o", path("a.wasm"), "-f", "init"])).toMatchObject({ exitCode: 0 });
    expect(await cli(["run", binary, "-o", path("b.wasm"), "-f", "init"])).toMatchObject({ exitCode: 0 });
    expect(await readFile(path("a.wasm"))).toEqual(await readFile(path("b.wasm")));
    expect(await readFile(binary)).toEqual(before);
    expect(await readFile(text, "utf8")).toBe(COMPONENT);
    expect(await got(await readFile(path("a.wasm")))).toEqual([{ ok: 42 }]);
  });

  test.each([
    ["text", COMPONENT],
    ["text after a comment", `\n;; a comment\n${COMPONENT}`],
    ["text after a block comment", `(; a comment ;)\n${COMPONENT}`],
  ])("can come from stdin as %s, and the output go to stdout", async (_, input) => {
    const result = await execa(process.execPath, [MAIN, "run", "-", "-o", "-", "-f", "init"], {
      input,
      encoding: "buffer",
    });
    expect(await got(result.stdout)).toEqual([{ ok: 42 }]);
    expect(Buffer.from(result.stderr).toString()).toContain("standard output: ");
  });

  test("can come from stdin as a binary", async () => {
    const input = await wat(COMPONENT);
    const result = await execa(process.execPath, [MAIN, "run", "-", "-o", "-", "-f", "init"], {
      input,
      encoding: "buffer",
    });
    expect(await got(result.stdout)).toEqual([{ ok: 42 }]);
  });

  test.each([
    ["a missing file", () => path("missing"), /cannot read .*missing: it does not exist/],
    ["a directory", () => path(""), /cannot read .*: it is a directory/],
    ["an empty file", () => write("empty", ""), /it is empty/],
    ["some text", () => write("text", "hello, world"), /it is text/],
    ["a core module", () => write("core.wat", "(module)"), /it is a core module.*component new/],
    [
      "text with a mistake",
      () => write("bad.wat", "(component\n  (func $f (bla)))"),
      /bad\.wat is not valid.*\(line 2, column \d+\)/,
    ],
    ["text with a wrong token", () => write("lex.wat", "(component $)"), /empty id \(line 1, column 12\)/],
    [
      "a binary that breaks off",
      async () => write("cut.wasm", (await wat(COMPONENT)).subarray(0, 40)),
      /^error: \S+\/cut\.wasm: section 1 .* at offset 0x/,
    ],
    [
      "a binary that breaks off at once",
      async () => write("head.wasm", (await wat(COMPONENT)).subarray(0, 5)),
      /^error: \S+\/head\.wasm is not a WebAssembly component: it ends inside/,
    ],
    [
      "zstd",
      () => write("a.wasm.zst", zstdCompressSync("x")),
      /a\.wasm\.zst is not .*zstd-compressed data \(decompress/,
    ],
    [
      "JavaScript",
      () => write("app.js", "export const init = () => {};"),
      /app\.js is not .*: it is JavaScript \(make a/,
    ],
    [
      "WIT",
      () => write("app.wit", "package a:b;\nworld w { export init: func(); }"),
      /app\.wit is not .*: it is WIT, which/,
    ],
  ])("%s is refused in one sentence", async (_, make, says) => {
    const { exitCode, stderr } = await cli(["run", await make(), "-o", path("no.wasm")]);
    expect(exitCode).toBe(1);
    const lines = stderr
      .trimEnd()
      .split("\n")
      .filter((line) => !/^[a-z ]+: \d+ ms$/.test(line));
    expect(lines).toEqual([expect.stringMatching(says)]);
    expect(existsSync(path("no.wasm"))).toBe(false);
  });
});

test("what breaks off on stdin is called that", async () => {
  const { stderr } = await cli(["run", "-", "-o", path("no.wasm")], { input: (await wat(COMPONENT)).subarray(0, 40) });
  expect(stderr).toMatch(/^error: standard input: section 1 /);
});

test("text may begin with a byte order mark", async () => {
  const input = await write("bom.wat", `\uFEFF${COMPONENT}`);
  expect(await cli(["run", input, "-o", path("out.wasm"), "-f", "init"])).toMatchObject({ exitCode: 0 });
});

test("an archive in the place of a directory is told so", async () => {
  const input = await write("in.wat", COMPONENT);
  for (const name of ["a.tar", "a.tgz", "a.tar.zst", "a.tzst"]) {
    const { stderr } = await cli(["run", input, "-o", path("out.wasm"), "--dir", await write(name, "")]);
    expect(stderr).toMatch(/it is not a directory \(--tar is for archives\)$/m);
  }
});

describe("the output", () => {
  test.runIf(process.platform === "linux")("may be larger than what Node counts of one write", async () => {
    const { bytes, written } = await countedWrite(1024, 3 * 2 ** 20);
    expect(written).toBe(bytes);
  });

  test("is no archive that the guest reads", async () => {
    const archive = await write("a.tar", "an archive");
    const run = ["run", await write("in.wat", COMPONENT), "--tar", archive, "-f", "init"];
    for (const over of [
      ["-o", archive],
      ["-o", path("b.wasm"), "--trace", archive],
    ]) {
      expect((await cli([...run, ...over])).exitCode).toBe(2);
    }
    expect(await readFile(archive, "utf8")).toBe("an archive");
  });

  /** A guest that never returns shows that the check comes before the work. */
  const forever = async (output: string) =>
    cli(["run", await write("in.wat", COMPONENT), "-o", output, "-f", "forever"], { timeout: 20_000 });

  test("in a directory that does not exist is refused before the work", async () => {
    const { exitCode, stderr } = await forever(path("none/out.wasm"));
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: cannot write .*out\.wasm: there is no directory .*none\n$/);
  });

  test("that is a directory is refused before the work", async () => {
    const { exitCode, stderr } = await forever(path(""));
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: cannot write .*: it is a directory/);
  });

  test("below a file is refused before the work", async () => {
    const { exitCode, stderr } = await forever(path("in.wat/out.wasm"));
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/in\.wat is not a directory/);
  });

  test.skipIf(isRoot)("in a directory that cannot be written is refused before the work", async () => {
    await mkdir(path("locked"), { mode: 0o500 });
    const { exitCode, stderr } = await forever(path("locked/out.wasm"));
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/permission denied/);
  });

  test.each(["the same path", "another spelling", "a symbolic link", "a hard link"])(
    "that is the input by %s is refused",
    async (how) => {
      const input = await write(`self-${how.length}.wat`, COMPONENT);
      const other = path(`link-${how.length}`);
      if (how === "a symbolic link") await symlink(input, other);
      if (how === "a hard link") await link(input, other);
      const output = how.includes("link")
        ? other
        : how === "another spelling"
          ? join(path("."), "x/..", `./self-${how.length}.wat`)
          : input;
      if (how === "another spelling") await mkdir(path("x"), { recursive: true });
      const { exitCode, stderr } = await cli(["run", input, "-o", output, "-f", "init"]);
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/is the same file as the input/);
      expect(await readFile(input, "utf8")).toBe(COMPONENT);
    },
  );

  test("that is the guest's --stdin is refused", async () => {
    const input = await write("in.wat", COMPONENT);
    const stdin = await write("stdin.txt", "precious");
    const { exitCode } = await cli(["run", input, "-o", stdin, "--stdin", stdin, "-f", "init"]);
    expect(exitCode).toBe(2);
    expect(await readFile(stdin, "utf8")).toBe("precious");
  });

  test.each(["trap", "nope", "set"])("that exists survives a failure (-f %s), with nothing beside it", async (init) => {
    await mkdir(path(`keep-${init}`));
    const output = await write(`keep-${init}/out.wasm`, "old");
    const input = await write("in.wat", COMPONENT);
    expect(await cli(["run", input, "-o", output, "-f", init])).toMatchObject({ exitCode: 1 });
    expect(await readFile(output, "utf8")).toBe("old");
    expect(readdirSync(path(`keep-${init}`))).toEqual(["out.wasm"]);
  });

  test("that exists is replaced, and keeps its permissions", async () => {
    const input = await write("in.wat", COMPONENT);
    const output = await write("mode.wasm", "old");
    await chmod(output, 0o777);
    expect(await cli(["run", input, "-o", output, "-f", "init"])).toMatchObject({ exitCode: 0 });
    expect((await stat(output)).mode & 0o777).toBe(0o777);
    expect(await got(await readFile(output))).toEqual([{ ok: 42 }]);
  });

  test("behind a symbolic link is replaced where it is", async () => {
    const input = await write("in.wat", COMPONENT);
    await mkdir(path("real"));
    await write("real/out.wasm", "old");
    await symlink("real/out.wasm", path("link.wasm"));
    expect(await cli(["run", input, "-o", path("link.wasm"), "-f", "init"])).toMatchObject({ exitCode: 0 });
    expect((await lstat(path("link.wasm"))).isSymbolicLink()).toBe(true);
    expect(await got(await readFile(path("real/out.wasm")))).toEqual([{ ok: 42 }]);
  });

  test("may have the longest name that there is", async () => {
    const input = await write("in.wat", COMPONENT);
    const output = path(`${"n".repeat(250)}.wasm`);
    expect(await cli(["run", input, "-o", output, "-f", "init"])).toMatchObject({ exitCode: 0 });
    expect(existsSync(output)).toBe(true);
  });

  test("may be a device or a pipe, which is written to and not replaced", async () => {
    const input = await write("in.wat", COMPONENT);
    await execa("mkfifo", [path("pipe")]);
    const reader = execa("cat", [path("pipe")], { encoding: "buffer" });
    expect(await cli(["run", input, "-o", path("pipe"), "-f", "init"])).toMatchObject({ exitCode: 0 });
    expect(await got((await reader).stdout)).toEqual([{ ok: 42 }]);
    expect((await stat(path("pipe"))).isFIFO()).toBe(true);
  });
});

describe("a reader that goes away", () => {
  /** With its end of the pipe closed before anything is written. */
  async function closed(args: readonly string[]): Promise<{ exitCode: number | null; stderr: string }> {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    let stderr = "";
    child.stderr.on("data", (text) => (stderr += text));
    const exitCode = await new Promise<number | null>((done) => child.on("close", done));
    return { exitCode, stderr };
  }

  test("before the component is written is a failure without a crash", async () => {
    const input = await write("in.wat", COMPONENT);
    const { exitCode, stderr } = await closed(["run", input, "-o", "-", "-f", "init"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("error: cannot write standard output: its reader closed it");
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test("before the report is printed does not matter to the component", async () => {
    const input = await write("in.wat", COMPONENT);
    const { exitCode, stderr } = await closed(["run", input, "-o", path("piped.wasm"), "-f", "init", "--json"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(existsSync(path("piped.wasm"))).toBe(true);
  });

  test("does not matter to the help", async () => {
    expect(await closed(["run", "--help"])).toEqual({ exitCode: 0, stderr: "" });
  });
});

describe.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s", (signal) => {
  test("ends a guest that does not", async () => {
    const input = await write("in.wat", COMPONENT);
    const folder = path(`forever-${signal}`);
    await mkdir(folder);
    const child = execa(process.execPath, [MAIN, "run", input, "-o", join(folder, "out.wasm"), "-f", "forever", "-v"], {
      reject: false,
    });
    // The last phase that ends before the guest runs.
    await new Promise<void>((done) =>
      child.stderr?.on("data", (text) => /instrumenting|compiling|initializing/.test(String(text)) && done()),
    );
    child.kill(signal);
    expect(await child).toMatchObject({ signal });
    expect(readdirSync(folder)).toEqual([]);
  });

  test("while the output is written removes what was written, and leaves the old output", async () => {
    const folder = path(`write-${signal}`);
    await mkdir(folder);
    await write(`write-${signal}/out.wasm`, "old");
    const files = pathToFileURL(join(ROOT, "dist/cli/files.js")).href;
    // Many small chunks, so that the temporary file is there for a while; then the process gets the signal.
    const script = `
      import { readdirSync } from "node:fs";
      import { writeOutput } from ${JSON.stringify(files)};
      const chunks = Array.from({ length: 400_000 }, () => new Uint8Array(64));
      const folder = ${JSON.stringify(folder)};
      const timer = setInterval(() => {
        if (!readdirSync(folder).some((name) => name.endsWith(".tmp"))) return;
        clearInterval(timer);
        process.stdout.write("writing", () => process.kill(process.pid, ${JSON.stringify(signal)}));
      });
      await writeOutput(folder + "/out.wasm", chunks);
      console.log("written");`;
    const result = await execa(process.execPath, ["--input-type=module", "--eval", script], { reject: false });
    expect(result).toMatchObject({ signal, stdout: "writing" });
    expect(readdirSync(folder)).toEqual(["out.wasm"]);
    expect(await readFile(join(folder, "out.wasm"), "utf8")).toBe("old");
  });
});
