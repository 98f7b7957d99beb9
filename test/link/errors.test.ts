import { describe, expect, test } from "vitest";
import type { ComponentInitError } from "../../src/index.js";
import type { LibraryInput } from "../../src/link/library.js";
import { type LinkOptions, link } from "../../src/link/link.js";
import { systemLibrary, watLibrary } from "../support/libraries.js";
import { wat } from "../support/wat.js";

const WORLD = { wit: "package test:test; world w { export run: func(); }", world: "w" };
const ENV = '(import "env" "memory" (memory 1))';
const app = (imports: string, dylink = "(@dylink.0)") =>
  watLibrary("app.so", `(module ${dylink} ${ENV} ${imports} (func (export "run")))`, WORLD);
const library = (name: string, fields: string, dylink = "(@dylink.0)") =>
  watLibrary(name, `(module ${dylink} ${ENV} ${fields})`);

async function failure(
  libraries: readonly Promise<LibraryInput>[],
  options: LinkOptions = {},
): Promise<ComponentInitError> {
  return link(await Promise.all(libraries), options).then(
    () => expect.fail("they were linked"),
    (error: ComponentInitError) => error,
  );
}

interface Case {
  readonly title: string;
  readonly libraries: () => readonly Promise<LibraryInput>[];
  readonly options?: LinkOptions;
  readonly code?: string;
  readonly message: string | RegExp;
  readonly details?: readonly string[];
}

const CASES: readonly Case[] = [
  {
    title: "more libraries than a component can have",
    libraries: () => [
      app('(import "env" "f0" (func))'),
      ...Array.from({ length: 501 }, (_, i) =>
        library(`${i}.so`, `(import "env" "f${i + 1}" (func)) (func (export "f${i}"))`),
      ),
      library("501.so", '(func (export "f501"))'),
    ],
    message: "the libraries do not fit together: they come to more than 1000 instances, which no component can have",
  },
  {
    title: "a module that is no library",
    libraries: () => [watLibrary("a.so", "(module)")],
    code: "unsupported",
    message: "library a.so: it is no dynamic library: it has no dylink.0 section",
  },
  {
    title: "a program that was compiled without -fPIC",
    libraries: () => [watLibrary("a.so", '(module (memory (export "memory") 1))')],
    code: "unsupported",
    message:
      "library a.so: it is no dynamic library: it has no dylink.0 section: compile it with -fPIC and link it with -shared",
  },
  {
    title: "a library with a memory of its own",
    libraries: () => [watLibrary("a.so", '(module (@dylink.0) (memory (export "memory") 1))')],
    code: "unsupported",
    message: "library a.so: it has a memory or table of its own: compile it with -fPIC and link it with -shared",
  },
  {
    title: "something else than a module",
    libraries: () => [Promise.resolve({ name: "a.so", bytes: new TextEncoder().encode("#!/bin/sh") })],
    code: "malformed",
    message: /^library a\.so: /,
  },
  {
    title: "a library for 64 bits",
    libraries: () => [watLibrary("a.so", '(module (@dylink.0) (import "env" "memory" (memory i64 1)))')],
    code: "unsupported",
    message: "library a.so: its memory has 64-bit addresses, and libraries of 32 bits are linked",
  },
  {
    title: "a library for threads",
    libraries: () => [watLibrary("a.so", '(module (@dylink.0) (import "env" "memory" (memory 1 2 shared)))')],
    code: "unsupported",
    message: "library a.so: its memory is shared between threads, which cannot be linked",
  },
  {
    title: "a memory that is not the one of all",
    libraries: () => [app('(import "env" "other" (memory 1))')],
    code: "unsupported",
    message: "library app.so: it imports the memory env.other, which nobody has",
  },
  {
    title: "a table that is not the one of all",
    libraries: () => [app('(import "env" "other" (table 1 funcref))')],
    code: "unsupported",
    message: "library app.so: it imports the table env.other, which nobody has",
  },
  {
    title: "an import that is there twice",
    libraries: () => [app('(import "env" "f" (func)) (import "env" "f" (func))')],
    code: "unsupported",
    message: "library app.so: it imports env#f twice",
  },
  {
    title: "an import of a type that only the library has",
    libraries: () => [app('(type $t (func)) (import "test:a/b" "f" (func (param (ref $t))))')],
    code: "unsupported",
    message: "library app.so: the type of f refers to other types, which differ from library to library",
  },
  {
    title: "a function of the linker with another type",
    libraries: () => [app('(import "env" "__wasm_get_tls_base" (func (result i64)))')],
    code: "unsupported",
    message: "library app.so: it imports env.__wasm_get_tls_base as [] -> [i64], and it is [] -> [i32]",
  },
  {
    title: "a world that cannot be read",
    libraries: () => [
      watLibrary("a.so", `(module (@dylink.0) ${ENV} (@custom "component-type:w" "\\00asm\\0d\\00\\01\\00\\ff"))`),
    ],
    code: "malformed",
    message: /^library a\.so, section component-type:w: /,
  },
  {
    title: "a missing library",
    libraries: () => [app("", '(@dylink.0 (needed "libx.so" "liby.so"))'), library("liby.so", "")],
    message: "app.so needs the library libx.so, which is not given",
    details: ["  app.so needs libx.so"],
  },
  {
    title: "symbols that nobody has, with those that are like them",
    libraries: () => [
      app(`(import "env" "compute" (func (param i32) (result i32)))
        (import "GOT.mem" "table_of_things" (global (mut i32)))
        (import "GOT.func" "handler" (global (mut i32)))
        (import "env" "oops" (tag))`),
      library("b.so", '(func (export "computes"))'),
    ],
    message: "no library defines compute, which app.so needs and 3 more: add the library that does",
    details: [
      "  app.so needs compute (function [i32] -> [i32]); there is computes",
      "  app.so needs handler (function)",
      "  app.so needs table_of_things (data)",
      "  app.so needs oops (tag [] -> [])",
    ],
  },
  {
    title: "data that nobody has, stubs or not",
    libraries: () => [app('(import "GOT.mem" "data" (global (mut i32)))')],
    options: { stubMissingFunctions: true },
    message: "no library defines data, which app.so needs: add the library that does",
  },
  {
    title: "a function of another type",
    libraries: () => [
      app('(import "env" "f" (func (param i64)))'),
      library("b.so", '(func (export "f") (param i32) (result i32) (local.get 0))'),
    ],
    message:
      "app.so calls f as [i64] -> [], and b.so defines it as [i32] -> [i32]: compile both with the same declaration",
  },
  {
    title: "a function of two types, of which not the first is wanted",
    libraries: () => [
      app('(import "env" "f" (func (param i64))) (import "GOT.func" "f" (global (mut i32)))'),
      library("b.so", '(func (export "f"))'),
      library("c.so", '(func (export "f") (param i64))'),
    ],
    message: "app.so calls f as [i64] -> [], and b.so defines it as [] -> []: compile both with the same declaration",
  },
  {
    title: "two libraries of one name",
    libraries: () => [app(""), app("")],
    message: "two libraries are called app.so: give one of them another name",
  },
  {
    title: "a tag of its own that a library imports",
    libraries: () => [app('(import "env" "oops" (tag)) (tag (export "oops"))')],
    message:
      "app.so imports the tag oops of app.so: a tag must be there before those that import it, so define it in a " +
      "library of its own",
  },
  {
    title: "tags in a circle",
    libraries: () => [
      app('(import "env" "oops" (tag)) (tag (export "ouch"))'),
      library("b.so", '(import "env" "ouch" (tag)) (tag (export "oops"))'),
    ],
    message:
      "b.so imports the tag ouch of app.so, and app.so needs a tag of b.so in turn: a tag must be there before those that " +
      "import it, so define it in a library of its own",
  },
  {
    title: "two programs",
    libraries: () => [app('(func (export "_start"))'), library("b.so", '(func (export "_start"))')],
    message: "both app.so and b.so are programs: they export _start",
  },
  {
    title: "two kinds of constructors",
    libraries: () => [app('(func (export "_initialize")) (func (export "__wasm_call_ctors"))')],
    code: "unsupported",
    message: "library app.so: it exports both __wasm_call_ctors and _initialize, and only one can run",
  },
  {
    title: "constructors that take something",
    libraries: () => [app('(func (export "_initialize") (param i32))')],
    code: "unsupported",
    message: "library app.so: its export _initialize must be a function without parameters and results",
  },
  {
    title: "nothing to export",
    libraries: () => [library("b.so", '(func (export "f"))')],
    message: "none of the libraries exports anything that a component could export",
  },
  {
    title: "one import in two forms",
    libraries: () => [
      app('(import "test:a/b" "f" (func)) (import "env" "g" (func))'),
      library("b.so", '(import "test:a/b" "f" (func (param i32))) (func (export "g"))'),
    ],
    message:
      "app.so imports test:a/b#f as [] -> [], and b.so as [i32] -> []: they were made for different versions of it",
  },
  {
    title: "an import that no world has",
    libraries: () => [app('(import "test:a/b" "f" (func))')],
    message: "no component can be made of the libraries: they import test:a/b, and none of their worlds does",
  },
  {
    title: "worlds that contradict each other",
    libraries: () => [
      app(""),
      watLibrary("b.so", `(module (@dylink.0) ${ENV} (func (export "run") (param i32)))`, {
        wit: "package test:test; world w2 { export run: func(v: s32); }",
        world: "w2",
      }),
    ],
    message: "no component can be made of the libraries: different number of function parameters",
  },
  {
    title: "a world with a function that is called as the memory",
    libraries: () => [
      watLibrary("a.so", `(module (@dylink.0) ${ENV} (func (export "memory")))`, {
        wit: "package test:test; world w { export memory: func(); }",
        world: "w",
      }),
    ],
    message:
      "the world of a.so exports a function called memory, which is what a program calls its memory: give it another name",
  },
  {
    title: "preview 1 without its adapter",
    libraries: () => [systemLibrary("libc.so"), app('(import "env" "strlen" (func (param i32) (result i32)))')],
    message:
      "libc.so imports args_get of wasi_snapshot_preview1, which an adapter must provide: give one with " +
      "--adapt wasi_snapshot_preview1=FILE",
  },
  {
    title: "a memory that must not grow",
    libraries: () => [watLibrary("a.so", '(module (@dylink.0) (import "env" "memory" (memory 1 2)))')],
    code: "unsupported",
    message: "library a.so: it wants a memory of at most 2, and libraries share one that can grow",
  },
  {
    title: "a table of other references",
    libraries: () => [app('(import "env" "__indirect_function_table" (table 0 externref))')],
    code: "unsupported",
    message:
      "library app.so: its table env.__indirect_function_table is one of (ref null extern), and libraries share one of functions",
  },
  {
    title: "a table of 64-bit indices",
    libraries: () => [app('(import "env" "__indirect_function_table" (table i64 0 funcref))')],
    code: "unsupported",
    message: /its table env.__indirect_function_table has 64-bit indices/,
  },
  {
    title: "strings without an allocator",
    libraries: () => [
      watLibrary("a.so", `(module (@dylink.0) ${ENV} (func (export "run") (param i32 i32)))`, {
        wit: "package test:test; world w { export run: func(text: string); }",
        world: "w",
      }),
    ],
    message:
      "no component can be made of the libraries: no library exports cabi_realloc, with which strings and lists " +
      "are passed",
  },
];

describe("a clear message for", () => {
  test.each(CASES)("$title", async ({ libraries, options, code = "link-failed", message, details }) => {
    const error = await failure(libraries(), options);
    expect(error.message).toMatch(message);
    if (typeof message === "string") expect(error.message).toBe(message);
    expect(error.code).toBe(code);
    if (details !== undefined) expect(error.details).toEqual(details);
  });
});

test("thousands of symbols that nobody has are all told of", async () => {
  const count = 5000;
  const fields = (field: (i: number) => string) => Array.from({ length: count }, (_, i) => field(i)).join("");
  const libraries = [
    app(fields((i) => `(import "env" "wanted_function_${i}" (func))`)),
    library(
      "b.so",
      fields((i) => `(func (export "a_function_defined_${i}"))`),
    ),
  ];
  expect((await failure(libraries)).details.length).toBe(count);
});

/** The module's text, with bytes of the binary replaced by others of the same number. */
async function patched(fields: string, from: string, to: string): Promise<LibraryInput> {
  const { bytes, ...rest } = await app(fields);
  const [before = "", after = "", ...others] = Buffer.from(bytes).toString("latin1").split(from);
  expect(others).toEqual([]);
  return { ...rest, bytes: Buffer.from(before + to + after, "latin1") };
}

// What is only there to be opened is left out of the check of the whole.
test.each([
  [
    "a name that is exported twice",
    '(func (export "aaaa1")) (func (export "aaaa2"))',
    "aaaa2",
    "aaaa1",
    "it exports aaaa1 twice",
  ],
  [
    "a global that is not there",
    '(global (export "aaaa") i32 (i32.const 1))',
    "aaaa\x03\x00",
    "aaaa\x03\x4d",
    "its export aaaa is no global that it has",
  ],
])("%s is refused", async (_, fields, from, to, says) => {
  const error = await failure([patched(fields, from, to)]);
  expect(error).toMatchObject({ code: "unsupported", message: `library app.so: ${says}` });
});

test("a malformed dylink.0 is told of with its place", async () => {
  const bytes = await wat('(module (@custom "dylink.0" "\\09\\00"))');
  const error = await failure([Promise.resolve({ name: "a.so", bytes })]);
  expect(error).toMatchObject({
    code: "malformed",
    message: expect.stringMatching(/^library a\.so: unknown subsection 9 of dylink\.0 at offset 0x/),
  });
});
