import { describe, expect, test } from "vitest";
import { stackOf } from "../src/deep-stack.js";
import { ComponentInitError } from "../src/errors.js";
import { shortened, shortenedLines } from "../src/shortened.js";

describe("a text that a guest can make longer", () => {
  test("has an end, and says how much was cut off", () => {
    expect(shortened("x".repeat(1000))).toBe("x".repeat(1000));
    expect(shortened("x".repeat(1001))).toBe(`${"x".repeat(1000)}… (1 more characters)`);
    expect(shortened("abcdef", 2)).toBe("ab… (4 more characters)");
  });

  test("is cut once", () => {
    const once = shortened("x".repeat(5000));
    expect(shortened(once)).toBe(once);
    // It can only pretend for as long as that takes.
    const pretended = `${"x".repeat(1100)}… (1 more characters)`;
    expect(shortened(pretended).length).toBeLessThanOrEqual(1040);
  });

  test("is one of few lines", () => {
    expect(shortenedLines(["a", "b"], 2)).toEqual(["a", "b"]);
    expect(shortenedLines(["a", "b", "c"], 2)).toEqual(["a", "b", "  … 1 more"]);
    expect(shortenedLines(["a"], 2, 5)).toEqual(["a", "  … 5 more"]);
    expect(shortenedLines(["x".repeat(2000)], 2)[0]).toHaveLength(1024);
  });
});

test("every error has an end, however it came about", () => {
  const long = "x".repeat(100_000);
  const error = new ComponentInitError("init-trapped", long, { details: [long] });
  expect(error.message.length).toBeLessThan(10_100);
  expect(error.details[0]?.length).toBeLessThan(10_100);
  expect(error.stack?.length).toBeLessThan(20_000);
});

describe("a stack", () => {
  const withStack = (stack: string) => Object.defineProperty(new Error(), "stack", { get: () => stack });

  test("keeps of a frame with long names where it is", () => {
    const [name, module] = ["f".repeat(100_000), "m".repeat(100_000)];
    const stack = `Error: x\n    at ${name} (wasm://wasm/${module}-0a1b2c3d:wasm-function[12]:0x345)\n    at f (file:///a.js:1:2)`;
    const [message, frame, other] = stackOf(withStack(stack)).split("\n");
    expect([message, other]).toEqual(["Error: x", "    at f (file:///a.js:1:2)"]);
    expect(frame).toMatch(/^ {4}at f+…f+ \(wasm:\/\/wasm\/m+…m+-0a1b2c3d:wasm-function\[12\]:0x345\)$/);
    expect(frame?.length).toBeLessThan(700);
  });

  test("is none where the engine cannot make a text of it", () => {
    const error = Object.defineProperty(new Error("x"), "stack", {
      get: () => {
        throw new RangeError("Invalid string length");
      },
    });
    expect(stackOf(error)).toBe("");
  });
});
