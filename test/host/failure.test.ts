import { describe, expect, test } from "vitest";
import { ComponentInitError } from "../../src/errors.js";
import { ErrorResult, initializationError } from "../../src/host/failure.js";
import { OutputCapture } from "../../src/host/output.js";
import { GuestExit } from "../../src/wasi/index.js";
import { loadFixture } from "../support/fixtures.js";
import { refusal } from "../support/refusal.js";
import { wat } from "../support/wat.js";

const SILENT = { stdout: "", stderr: "" };

describe("an error result", () => {
  test.each([
    ["no such table", 'err("no such table")'],
    [{ tag: "too-big", val: 5n }, 'err({"tag":"too-big","val":5})'],
    [undefined, "an error"],
    [null, "err(null)"],
    ["x".repeat(2000), /^init returned err\("x{1000}… \(1000 more characters\)"\)$/],
  ])("%o", (payload, text) => {
    const error = initializationError(new ErrorResult(payload), "init", SILENT);
    expect(error).toMatchObject({ code: "init-failed", details: [] });
    if (typeof text === "string") expect(error.message).toBe(`init returned ${text}`);
    else expect(error.message).toMatch(text);
  });

  test("shows what the guest printed", () => {
    const output = { stdout: "one\ntwo\n", stderr: "why\n" };
    const { details } = initializationError(new ErrorResult("e"), "init", output);
    expect(details).toEqual(["guest stdout:", "  one", "  two", "guest stderr:", "  why"]);
  });
});

test.each([1, 255])("an exit with code %d", (code) => {
  const error = initializationError(new GuestExit(code), "init", { stdout: "", stderr: "giving up" });
  expect(error).toMatchObject({ code: "init-exited", details: ["guest stderr:", "  giving up"] });
  expect(error.message).toBe(`init exited with code ${code}`);
});

test("a refusal of the host keeps its code and its words, and gains the stack", () => {
  const cause = new ComponentInitError("not-granted", "initialization called the import a");
  const error = initializationError(cause, "init", { stdout: "x", stderr: "" });
  expect(error).toMatchObject({ code: "not-granted", message: cause.message, cause });
  expect(error.details).toContain("  x");
});

describe("a trap", () => {
  test("has the stack of the guest, with the names that the name section gives", async () => {
    const error = await refusal(await loadFixture("init-traps"), { initFunc: "init" }, "init-trapped");
    expect(error.message).toBe("init trapped: wasm `unreachable` instruction executed");
    expect(error.details).toEqual([
      "wasm stack:",
      expect.stringMatching(/^ {2}at m\.deep_in_the_guest \(0x[0-9a-f]+\)$/),
      expect.stringMatching(/^ {2}at m, function \d+ \(0x[0-9a-f]+\)$/),
    ]);
  });

  test("names functions of Rust as their source does", async () => {
    const component = await wat(`(component
      (core module $m
        (func $a (@name "_RNvNtC4main5inner4deep") unreachable)
        (func (@name "_ZN4main4main17h8da7fa642d137fc6E") (export "init") (call $a)))
      (core instance $i (instantiate $m))
      (func (export "init") (canon lift (core func $i "init"))))`);
    const { details } = await refusal(component, { initFunc: "init" }, "init-trapped");
    expect(details.slice(1)).toEqual([
      expect.stringMatching(/^ {2}at m\.main::inner::deep \(0x[0-9a-f]+\)$/),
      expect.stringMatching(/^ {2}at m\.main::main \(0x[0-9a-f]+\)$/),
    ]);
  });

  test("in a module without names has function numbers", async () => {
    const component = await wat(`(component
      (core module (func (export "init") (drop (i32.div_u (i32.const 1) (i32.const 0)))))
      (core instance $i (instantiate 0))
      (func (export "init") (canon lift (core func $i "init"))))`);
    const error = await refusal(component, { initFunc: "init" }, "init-trapped");
    expect(error.message).toMatch(/^init trapped: .*divi.*zero/);
    expect(error.details[1]).toMatch(/^ {2}at function 0 \(0x/);
  });

  test.each([
    ["(drop (i32.load (i32.const 70000)))", /out of bounds/],
    ["(call_indirect (i32.const 0))", /null|signature|indirect/],
    ["(drop (i32.trunc_f32_u (f32.const nan)))", /unrepresentable|integer/],
  ])("by %s says what it was", async (code, says) => {
    const component = await wat(`(component
      (core module (memory 1) (table 1 funcref) (func (export "init") ${code}))
      (core instance $i (instantiate 0))
      (func (export "init") (canon lift (core func $i "init"))))`);
    const error = await refusal(component, { initFunc: "init" }, "init-trapped");
    expect(error.message).toMatch(says);
  });

  test("by an exhausted stack is named so, with few of its frames", async () => {
    const error = await refusal(await loadFixture("init-traps"), { initFunc: "recurse" }, "init-trapped");
    expect(error.message).toBe("recurse trapped: call stack exhausted");
    expect(error.details[1]).toMatch(/^ {2}at m\.recursion \(0x/);
    expect(error.details.length).toBeLessThanOrEqual(41);
  });

  test("of something that is no error", () => {
    expect(initializationError("a string", "init", SILENT)).toMatchObject({ code: "init-trapped" });
  });
});

describe("what the guest printed", () => {
  test("is quoted from its end, in lines of a length that can be read", () => {
    const stdout = `${Array.from({ length: 100 }, (_, i) => `line ${i}`).join("\n")}\n${"y".repeat(60_000)}\n`;
    const { details } = initializationError(new GuestExit(1), "init", { stdout, stderr: "\n" });
    expect(details).toHaveLength(42);
    expect(details.slice(0, 3)).toEqual(["guest stdout:", "  … 61 more before", "  line 61"]);
    expect(details.at(-1)).toMatch(/^ {2}y{1000}… \(59000 more characters\)$/);
  });

  test("is kept to its last 64 KiB, however much it was and in however small parts", () => {
    const forwarded: number[] = [];
    const output = new OutputCapture((_, bytes) => forwarded.push(bytes.length));
    const part = new TextEncoder().encode("0123456789abcdef".repeat(64));
    for (let i = 0; i < 1000; i++) output.write("stdout", part);
    output.write("stdout", new TextEncoder().encode("the end"));
    output.write("stderr", new TextEncoder().encode("apart"));
    expect(output.stdout).toHaveLength(64 * 1024);
    expect(output.stdout).toMatch(/the end$/);
    expect(output.stderr).toBe("apart");
    expect(forwarded).toHaveLength(1002);
  });

  test("may end in the middle of a character", () => {
    const output = new OutputCapture();
    output.write("stdout", new TextEncoder().encode("ü").subarray(0, 1));
    output.write("stdout", new TextEncoder().encode("ü").subarray(1));
    expect(output.stdout).toBe("ü");
  });
});
