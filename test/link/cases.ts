import type { LibraryInput } from "../../src/link/library.js";
import type { LinkOptions } from "../../src/link/link.js";
import type { Feature, TRAP } from "../support/differential.js";
import { watLibrary } from "../support/libraries.js";
import type { Call, Outcome } from "../support/session.js";

export interface LinkCase {
  readonly title: string;
  readonly libraries: () => Promise<LibraryInput[]>;
  readonly options?: LinkOptions;
  readonly calls: readonly Call[];
  readonly expected: readonly (Outcome | typeof TRAP)[];
  /** The libraries that nothing reaches. */
  readonly leftOut?: readonly string[];
  /** What it takes of an engine. */
  readonly needs?: Feature;
}

/** What most libraries import. */
const ENV = `
  (import "env" "memory" (memory 1))
  (import "env" "__indirect_function_table" (table 0 funcref))
  (import "env" "__memory_base" (global $memory_base i32))
  (import "env" "__table_base" (global $table_base i32))
  (import "env" "__stack_pointer" (global $stack_pointer (mut i32)))`;

const world = (exports: string, name = "w") => ({
  wit: `package test:test; world ${name} { ${exports} }`,
  world: name,
});

const RUN = "export run: func(v: s32) -> s32;";
const CALL_FUNCTION = "(type $unary (func (param i32) (result i32)))";

const run = (...args: readonly number[]): Call[] => args.map((arg) => ({ export: "run", args: [arg] }));
const ok = (...values: readonly number[]) => values.map((value) => ({ ok: value }));

/** One for each thing that a linker decides. They cover what wit-component's `link-*` tests do, and are run. */
export const LINK_CASES: readonly LinkCase[] = [
  {
    title: "a chain of libraries, with data of both directions",
    libraries: () =>
      Promise.all([
        watLibrary(
          "app",
          `(module (@dylink.0 (mem-info (memory 8 4)) (needed "middle"))${ENV}
            (import "env" "middle" (func $middle (param i32) (result i32)))
            (import "GOT.mem" "shared" (global $shared (mut i32)))
            (global (export "own") i32 (i32.const 4))
            (data (global.get $memory_base) "\\00\\00\\00\\00\\07\\00\\00\\00")
            (func (export "run") (param i32) (result i32)
              (i32.add (call $middle (local.get 0)) (i32.load (global.get $shared)))))`,
          world(RUN),
        ),
        watLibrary(
          "middle",
          `(module (@dylink.0 (mem-info (memory 0 0)) (needed "base"))${ENV}
            (import "env" "base" (func $base (param i32) (result i32)))
            (import "GOT.mem" "own" (global $own (mut i32)))
            (func (export "middle") (param i32) (result i32)
              (i32.add (call $base (local.get 0)) (i32.load (global.get $own)))))`,
        ),
        watLibrary(
          "base",
          `(module (@dylink.0 (mem-info (memory 4 2)))${ENV}
            (global (export "shared") i32 (i32.const 0))
            (data (global.get $memory_base) "\\64\\00\\00\\00")
            (func (export "base") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 10))))`,
        ),
      ]),
    calls: run(1, 2),
    expected: ok(117, 127),
  },
  {
    title: "two libraries that call each other, and one that calls itself",
    libraries: () =>
      Promise.all([
        watLibrary(
          "even",
          `(module (@dylink.0)${ENV}
            (import "env" "odd" (func $odd (param i32) (result i32)))
            (import "env" "even" (func $even (param i32) (result i32)))
            (func (export "even") (param i32) (result i32)
              (if (result i32) (local.get 0)
                (then (call $odd (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 1))))
            (func (export "run") (param i32) (result i32) (call $even (local.get 0))))`,
          world(RUN),
        ),
        watLibrary(
          "odd",
          `(module (@dylink.0)${ENV}
            (import "env" "even" (func $even (param i32) (result i32)))
            (func (export "odd") (param i32) (result i32)
              (if (result i32) (local.get 0)
                (then (call $even (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 0)))))`,
        ),
      ]),
    calls: run(10, 7),
    expected: ok(1, 0),
  },
  {
    title: "a symbol that two libraries define: the first one's",
    libraries: () =>
      Promise.all([
        watLibrary(
          "app",
          `(module (@dylink.0)${ENV}
            (import "env" "value" (func $value (result i32)))
            (import "env" "second" (func $second (result i32)))
            (import "GOT.mem" "data" (global $data (mut i32)))
            (func (export "run") (param i32) (result i32)
              (i32.add (i32.add (call $value) (call $second)) (i32.load (global.get $data)))))`,
          world(RUN),
        ),
        watLibrary(
          "one",
          `(module (@dylink.0 (mem-info (memory 4 2)))${ENV} (data (global.get $memory_base) "\\64\\00\\00\\00")
            (global (export "data") i32 (i32.const 0)) (func (export "value") (result i32) (i32.const 1)))`,
        ),
        watLibrary(
          "two",
          `(module (@dylink.0 (mem-info (memory 4 2)))${ENV} (data (global.get $memory_base) "\\c8\\00\\00\\00")
            (import "env" "value" (func $value (result i32)))
            (global (export "data") i32 (i32.const 0)) (func (export "value") (result i32) (i32.const 2))
            (func (export "second") (result i32) (i32.mul (call $value) (i32.const 10))))`,
        ),
      ]),
    calls: run(0),
    expected: ok(111),
  },
  {
    title: "addresses of functions: the same for everyone, and called with their own type",
    libraries: () =>
      Promise.all([
        watLibrary(
          "app",
          `(module (@dylink.0)${ENV} ${CALL_FUNCTION}
            (import "GOT.func" "twice" (global $twice (mut i32)))
            (import "GOT.func" "own" (global $own (mut i32)))
            (import "env" "same" (func $same (param i32) (result i32)))
            (func (export "own") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1000)))
            (func (export "run") (param i32) (result i32)
              (i32.add
                (call $same (global.get $twice))
                (i32.add
                  (call_indirect (type $unary) (local.get 0) (global.get $own))
                  (call_indirect (type $unary) (local.get 0) (global.get $twice))))))`,
          world(RUN),
        ),
        watLibrary(
          "library",
          `(module (@dylink.0)${ENV}
            (import "GOT.func" "twice" (global $twice (mut i32)))
            (func $twice (export "twice") (export "also-twice") (param i32) (result i32)
              (i32.mul (local.get 0) (i32.const 2)))
            (func (export "same") (param i32) (result i32) (i32.eq (local.get 0) (global.get $twice))))`,
        ),
      ]),
    calls: run(5),
    expected: ok(1 + 1005 + 10),
  },
  {
    title:
      "addresses of functions in libraries that have segments of their own, and that have no table to put them into",
    libraries: () =>
      Promise.all([
        watLibrary(
          "app",
          `(module (@dylink.0 (mem-info (memory 0 0) (table 1 0)))${ENV} ${CALL_FUNCTION}
            (import "GOT.func" "tableless" (global $tableless (mut i32)))
            (import "GOT.func" "exported" (global $exported (mut i32)))
            (elem $own func $hundred)
            (func $hundred (param i32) (result i32) (i32.const 100))
            (func (export "exported") (param i32) (result i32) (i32.const 20))
            (func (export "run") (param i32) (result i32)
              (table.init $own (global.get $table_base) (i32.const 0) (i32.const 1))
              (i32.add (call_indirect (type $unary) (local.get 0) (global.get $table_base))
                (i32.add (call_indirect (type $unary) (local.get 0) (global.get $exported))
                  (call_indirect (type $unary) (local.get 0) (global.get $tableless))))))`,
          world(RUN),
        ),
        watLibrary(
          "tableless",
          `(module (@dylink.0) (type $unary (func (param i32) (result i32))) (table 1 funcref) (elem (i32.const 0) $private)
            (func $private (param i32) (result i32) (i32.const 3))
            (func (export "tableless") (type $unary) (call_indirect (type $unary) (local.get 0) (i32.const 0))))`,
        ),
      ]),
    calls: run(0),
    expected: ok(123),
  },
  {
    title: "a library of a directory, which another one needs by the name of its file",
    libraries: () =>
      Promise.all([
        watLibrary(
          "app",
          `(module (@dylink.0 (needed "libhelp.so"))${ENV} (import "env" "help" (func $help (param i32) (result i32)))
            (func (export "run") (param i32) (result i32) (call $help (local.get 0))))`,
          world(RUN),
        ),
        watLibrary(
          "lib/libhelp.so",
          `(module (@dylink.0)${ENV} (func (export "help") (param i32) (result i32) (i32.const 6)))`,
        ),
      ]),
    calls: run(0),
    expected: ok(6),
  },
  {
    title: "one function by two names has one address",
    libraries: () =>
      Promise.all([
        watLibrary(
          "app",
          `(module (@dylink.0)${ENV}
            (import "GOT.func" "first" (global $first (mut i32)))
            (import "GOT.func" "second" (global $second (mut i32)))
            (func (export "run") (param i32) (result i32) (i32.eq (global.get $first) (global.get $second))))`,
          world(RUN),
        ),
        watLibrary("library", `(module (@dylink.0)${ENV} (func (export "first") (export "second")))`),
      ]),
    calls: run(0),
    expected: ok(1),
  },
  {
    title: "weak symbols that nobody has: calls trap, addresses are null",
    libraries: async () => [
      await watLibrary(
        "app",
        `(module (@dylink.0
            (import-info "env" "absent" binding-weak undefined)
            (import-info "env" "absent_data" binding-weak undefined))${ENV}
          (import "env" "absent" (func $absent))
          (import "GOT.func" "absent" (global $absent (mut i32)))
          (import "GOT.mem" "absent_data" (global $data (mut i32)))
          (func (export "run") (param i32) (result i32)
            (if (local.get 0) (then (call $absent)))
            (i32.add (global.get $absent) (global.get $data))))`,
        world(RUN),
      ),
    ],
    calls: run(0, 1),
    expected: [{ ok: 0 }, { trap: true }],
  },
  {
    title: "missing functions with stubs",
    libraries: () =>
      Promise.all([
        watLibrary(
          "app",
          `(module (@dylink.0) ${ENV} ${CALL_FUNCTION}
            (import "env" "absent" (func $absent (param i32) (result i32)))
            (import "env" "present" (func $present (param i32) (result i32)))
            (import "GOT.func" "missing" (global $missing (mut i32)))
            (func (export "run") (param i32) (result i32)
              (if (i32.eq (local.get 0) (i32.const 1)) (then (return (call $absent (local.get 0)))))
              (if (i32.eqz (global.get $missing)) (then (return (i32.const -1))))
              (call $present (local.get 0))))`,
          world(RUN),
        ),
        watLibrary(
          "other",
          `(module (@dylink.0) ${ENV}
            (import "env" "absent" (func $absent (param i32) (result i32)))
            (func (export "present") (param i32) (result i32)
              (if (local.get 0) (then (drop (call $absent (i32.const 0))))) (i32.const 7)))`,
        ),
      ]),
    options: { stubMissingFunctions: true },
    calls: run(0, 1),
    expected: [{ ok: 7 }, { trap: true }],
  },
  {
    title: "a stub's address for those that must have it, a null address where it is weak",
    libraries: () => {
      const isThere = (name: string) => `(import "GOT.func" "absent" (global $absent (mut i32)))
        (func $${name} (export "${name}") (result i32) (i32.ne (global.get $absent) (i32.const 0)))`;
      const weak = (name: string) =>
        watLibrary(
          name,
          `(module (@dylink.0 (import-info "env" "absent" binding-weak undefined)) ${ENV} ${isThere(name)})`,
        );
      return Promise.all([
        weak("first"),
        watLibrary(
          "app",
          `(module (@dylink.0) ${ENV}
            (import "env" "first" (func $first (result i32))) (import "env" "last" (func $last (result i32)))
            ${isThere("strong")}
            (func (export "run") (param i32) (result i32)
              (i32.add (i32.mul (call $first) (i32.const 100)) (i32.add (i32.mul (call $strong) (i32.const 10)) (call $last)))))`,
          world(RUN),
        ),
        weak("last"),
      ]);
    },
    options: { stubMissingFunctions: true },
    calls: run(0),
    expected: ok(10),
  },
  {
    title: "libraries that nothing reaches are left out, those that only data leads to are not",
    libraries: () =>
      Promise.all([
        watLibrary("unused", `(module (@dylink.0) ${ENV} (import "env" "nobody" (func)))`),
        watLibrary(
          "app",
          `(module (@dylink.0) ${ENV} (import "GOT.mem" "data" (global $data (mut i32)))
            (func (export "run") (param i32) (result i32) (i32.load (global.get $data))))`,
          world(RUN),
        ),
        watLibrary(
          "data",
          `(module (@dylink.0 (mem-info (memory 4 2)))${ENV} (data (global.get $memory_base) "\\05\\00\\00\\00")
            (global (export "data") i32 (i32.const 0)))`,
        ),
      ]),
    calls: run(0),
    expected: ok(5),
    leftOut: ["unused"],
  },
  {
    title: "an allocator and a task hook in a library that nothing reaches",
    libraries: () =>
      Promise.all([
        watLibrary(
          "unused",
          `(module (@dylink.0) ${ENV} (func (export "__wasm_task_hook") (param i32) unreachable)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable))`,
        ),
        watLibrary(
          "app",
          `(module (@dylink.0) ${ENV} (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
            (func (export "run") (param i32 i32) (result i32) (i32.load8_u (local.get 0))))`,
          world("export run: func(text: string) -> s32;"),
        ),
      ]),
    calls: [{ export: "run", args: ["A"] }],
    expected: ok(65),
    leftOut: ["unused"],
  },
  {
    title: "start functions first, then all relocations, then constructors in the order of the libraries",
    libraries: () => {
      // Each step writes its digit behind the others'.
      const note = (digit: number) =>
        `(i32.store (i32.const 16) (i32.add (i32.mul (i32.load (i32.const 16)) (i32.const 10)) (i32.const ${digit})))`;
      return Promise.all([
        watLibrary(
          "app",
          `(module (@dylink.0 (needed "base")) ${ENV}
            (func $start ${note(2)}) (start $start)
            (func (export "__wasm_apply_data_relocs") ${note(3)})
            (func (export "__wasm_call_ctors") ${note(5)})
            (func (export "run") (param i32) (result i32) (i32.load (i32.const 16))))`,
          world(RUN),
        ),
        watLibrary(
          "base",
          `(module (@dylink.0) ${ENV}
            (func $start ${note(1)}) (start $start)
            (func (export "__wasm_apply_data_relocs") ${note(4)})
            (func (export "_initialize") ${note(6)}))`,
        ),
      ]);
    },
    calls: run(0),
    expected: ok(123456),
  },
  {
    title: "the stack, the heap and what lies between them",
    libraries: () =>
      Promise.all([
        watLibrary(
          "app",
          `(module (@dylink.0 (mem-info (memory 100 4))) ${ENV}
            (import "env" "size" (func $size (result i32)))
            (import "GOT.mem" "__stack_low" (global $low (mut i32)))
            (import "GOT.mem" "__stack_high" (global $high (mut i32)))
            (import "GOT.mem" "__heap_base" (global $base (mut i32)))
            (import "GOT.mem" "__heap_end" (global $end (mut i32)))
            (func (export "run") (param i32) (result i32)
              (if (i32.eq (local.get 0) (i32.const 0)) (then (return (global.get $stack_pointer))))
              (if (i32.eq (local.get 0) (i32.const 1)) (then (return (global.get $low))))
              (if (i32.eq (local.get 0) (i32.const 2)) (then (return (global.get $high))))
              (if (i32.eq (local.get 0) (i32.const 3)) (then (return (i32.rem_u (global.get $base) (i32.const 16)))))
              (if (i32.eq (local.get 0) (i32.const 4)) (then (return (i32.eq (global.get $end) (i32.mul (memory.size) (i32.const 65536))))))
              (if (i32.eq (local.get 0) (i32.const 5)) (then (return (i32.ge_u (global.get $base) (i32.add (global.get $memory_base) (i32.const 100))))))
              (if (i32.eq (local.get 0) (i32.const 6)) (then (return (i32.ge_u (global.get $memory_base) (global.get $high)))))
              (i32.rem_u (global.get $memory_base) (i32.const 16))))`,
          world(RUN),
        ),
        watLibrary("sizes", `(module (@dylink.0) ${ENV} (func (export "size") (result i32) (memory.size)))`),
      ]),
    options: { stackSize: 100_000 },
    calls: run(0, 1, 2, 3, 4, 5, 6, 7),
    expected: ok(100_000, 0, 100_000, 0, 1, 1, 1, 0),
  },
  {
    title: "the linker's addresses are its own, whoever defines such a name",
    libraries: () =>
      Promise.all([
        watLibrary(
          "app",
          `(module (@dylink.0 (needed "other")) ${ENV} (import "GOT.mem" "__stack_high" (global $high (mut i32)))
            (func (export "run") (param i32) (result i32) (global.get $high)))`,
          world(RUN),
        ),
        watLibrary("other", `(module (@dylink.0) ${ENV} (global (export "__stack_high") i32 (i32.const 4)))`),
      ]),
    options: { stackSize: 65536 },
    calls: run(0),
    expected: ok(65536),
  },
  {
    title: "libraries of different alignment do not overlap",
    libraries: () => {
      const library = (name: string, size: number, log2: number) =>
        watLibrary(
          name,
          `(module (@dylink.0 (mem-info (memory ${size} ${log2}) (table 3 2))) ${ENV}
            (data (global.get $memory_base) "${"\\01".repeat(size)}")
            (func $own (result i32) (i32.const ${size}))
            (elem (global.get $table_base) func $own $own $own)
            (func (export "${name}") (result i32) (i32.add (i32.mul (global.get $table_base) (i32.const 1000))
              (i32.rem_u (global.get $memory_base) (i32.const ${2 ** log2}))))
            (func (export "${name}_last") (result i32) (i32.load8_u (i32.add (global.get $memory_base) (i32.const ${size - 1})))))`,
        );
      return Promise.all([
        watLibrary(
          "app",
          `(module (@dylink.0) ${ENV}
            (import "env" "a" (func $a (result i32))) (import "env" "b" (func $b (result i32)))
            (import "env" "a_last" (func $a_last (result i32)))
            (func (export "run") (param i32) (result i32)
              (if (i32.eq (local.get 0) (i32.const 0)) (then (return (call $a))))
              (if (i32.eq (local.get 0) (i32.const 1)) (then (return (call $b))))
              (call $a_last)))`,
          world(RUN),
        ),
        library("a", 3, 0),
        library("b", 5, 8),
      ]);
    },
    calls: run(0, 1, 2),
    expected: ok(4000, 8000, 1),
  },
  {
    title: "tags: one that a library defines, and C++'s and longjmp's own",
    needs: "exceptions",
    libraries: () =>
      Promise.all([
        watLibrary(
          "app",
          `(module (@dylink.0) ${ENV}
            (import "env" "own" (tag $own (param i32)))
            (import "env" "__cpp_exception" (tag $cpp (param i32)))
            (import "env" "throw" (func $throw (param i32)))
            (func (export "run") (param i32) (result i32)
              (block $on_own (result i32)
                (return (block $on_cpp (result i32)
                  (try_table (catch $own $on_own) (catch $cpp $on_cpp) (call $throw (local.get 0)))
                  (return (i32.const -1))))
                unreachable)
              (i32.const 100) i32.add))`,
          world(RUN),
        ),
        watLibrary(
          "throws",
          `(module (@dylink.0) ${ENV}
            (import "env" "__cpp_exception" (tag $cpp (param i32)))
            (tag $own (export "own") (param i32))
            (func (export "throw") (param i32)
              (if (i32.gt_s (local.get 0) (i32.const 10)) (then (throw $own (local.get 0))))
              (throw $cpp (local.get 0))))`,
        ),
      ]),
    calls: run(5, 11),
    expected: ok(5, 111),
  },
  {
    title: "a memory and a table that a library wants larger",
    libraries: async () => [
      await watLibrary(
        "app",
        `(module (@dylink.0)
          (import "env" "memory" (memory 40)) (import "env" "__indirect_function_table" (table 50 funcref))
          (func (export "run") (param i32) (result i32) (i32.add (i32.mul (memory.size) (i32.const 100)) (table.size 0))))`,
        world(RUN),
      ),
    ],
    calls: run(0),
    expected: ok(4050),
  },
  {
    title: "a dlopen of one's own, in a library that is called as the system's",
    libraries: () =>
      Promise.all([
        watLibrary(
          "app",
          `(module (@dylink.0 (needed "libdl.so")) ${ENV}
            (import "env" "dlopen" (func $dlopen (param i32 i32) (result i32)))
            (func (export "run") (param i32) (result i32) (call $dlopen (local.get 0) (i32.const 2))))`,
          world(RUN),
        ),
        watLibrary(
          "libdl.so",
          `(module (@dylink.0) ${ENV}
            (func $find (param i32) (result i32)
              (loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 10))) (i32.const 50)))) (local.get 0))
            (func (export "dlopen") (param i32 i32) (result i32) (call $find (local.get 0))))`,
        ),
      ]),
    calls: run(3),
    expected: ok(53),
  },
  {
    title: "what is only called as a function of libdl's",
    libraries: () =>
      Promise.all([
        watLibrary(
          "app",
          `(module (@dylink.0) ${ENV}
            (import "env" "__wasm_set_libraries" (func $f (param i64) (result i64)))
            (func (export "run") (param i32) (result i32)
              (i32.wrap_i64 (call $f (i64.extend_i32_u (local.get 0))))))`,
          world(RUN),
        ),
        watLibrary(
          "other",
          `(module (@dylink.0) ${ENV}
            (func (export "__wasm_set_libraries") (param i64) (result i64) (i64.add (local.get 0) (i64.const 1))))`,
        ),
      ]),
    calls: run(3),
    expected: ok(4),
  },
  {
    title: "asyncify's globals are shared",
    libraries: () =>
      Promise.all([
        watLibrary(
          "app",
          `(module (@dylink.0) ${ENV}
            (import "env" "__asyncify_state" (global $state (mut i32)))
            (import "env" "state" (func $other (result i32)))
            (func (export "run") (param i32) (result i32) (global.set $state (local.get 0)) (call $other)))`,
          world(RUN),
        ),
        watLibrary(
          "other",
          `(module (@dylink.0) ${ENV} (import "env" "__asyncify_state" (global $state (mut i32)))
            (func (export "state") (result i32) (global.get $state)))`,
        ),
      ]),
    calls: run(3),
    expected: ok(3),
  },
  {
    title: "thread-local storage: a pointer for each library, and what the C library is told of them",
    libraries: () => {
      const tls = `(import "env" "__wasm_get_tls_base" (func $get (result i32)))
        (import "env" "__wasm_set_tls_base" (func $set (param i32)))`;
      return Promise.all([
        watLibrary(
          "app",
          `(module (@dylink.0 (mem-info (memory 16 2)) (needed "libc")) ${ENV} ${tls}
            (import "env" "other" (func $other (result i32)))
            (import "env" "info" (func $info (param i32) (result i32)))
            (global (export "__wasm_library_tls_info") i32 (i32.const 8))
            (func (export "run") (param i32) (result i32)
              (if (i32.eq (local.get 0) (i32.const 0)) (then (call $set (i32.const 77)) (return (call $get))))
              (if (i32.eq (local.get 0) (i32.const 1)) (then (return (call $other))))
              (if (i32.eq (local.get 0) (i32.const 2)) (then (return (call $info (i32.const 0)))))
              ;; Its own info is the first of those that the program has.
              (if (i32.eq (local.get 0) (i32.const 3)) (then (return
                (i32.sub (i32.load (call $info (i32.const 4))) (global.get $memory_base)))))
              ;; So is its pointer.
              (i32.load (call $info (i32.const 8)))))`,
          world(RUN),
        ),
        watLibrary(
          "libc",
          `(module (@dylink.0 (mem-info (memory 16 2))) ${ENV} ${tls}
            (import "GOT.mem" "__wasm_program_tls_info" (global $program (mut i32)))
            (global (export "__wasm_library_tls_info") i32 (i32.const 4))
            (func (export "other") (result i32) (call $set (i32.const 5)) (i32.mul (call $get) (i32.const 100)))
            (func (export "info") (param i32) (result i32) (i32.load (i32.add (global.get $program) (local.get 0)))))`,
        ),
      ]);
    },
    calls: run(0, 1, 2, 3, 4),
    expected: ok(77, 500, 2, 8, 77),
  },
  {
    title: "a library that is told of tasks",
    libraries: () =>
      Promise.all([
        watLibrary(
          "app",
          `(module (@dylink.0 (needed "libc")) ${ENV}
            (import "env" "log" (func $log (result i32)))
            (func (export "__wasm_call_ctors") (i32.store (i32.const 32) (i32.const 9)))
            (func (export "run") (param i32) (result i32) (call $log)))`,
          world(RUN),
        ),
        watLibrary(
          "libc",
          `(module (@dylink.0) ${ENV}
            (func (export "__wasm_task_hook") (param i32)
              (i32.store (i32.const 16) (i32.add (i32.mul (i32.load (i32.const 16)) (i32.const 10)) (local.get 0)))
              ;; Whether the constructors ran before.
              (i32.store (i32.const 16) (i32.add (i32.mul (i32.load (i32.const 16)) (i32.const 10)) (i32.load (i32.const 32)))))
            (func (export "log") (result i32) (i32.load (i32.const 16))))`,
        ),
      ]),
    calls: run(0),
    // 6 before the constructors, 7 after them, 0 when the call starts.
    expected: ok(607909),
  },
  {
    title: "an interface that has its name in the world only",
    libraries: async () => [
      await watLibrary(
        "app",
        `(module (@dylink.0) ${ENV} (import "host" "call" (func $call (result i32)))
          (func (export "api#run") (param i32) (result i32)
            (if (result i32) (local.get 0) (then (call $call)) (else (i32.const 3)))))`,
        world("import host: interface { call: func() -> s32; } export api: interface { run: func(v: s32) -> s32; }"),
      ),
    ],
    calls: [{ export: ["api", "run"], args: [0] }],
    expected: ok(3),
  },
  {
    title: "worlds of two libraries, interfaces with resources, strings through the allocator of a third",
    libraries: () =>
      Promise.all([
        watLibrary(
          "greeter",
          `(module (@dylink.0 (mem-info (memory 16 2))) ${ENV}
            (import "env" "allocate" (func $allocate (param i32) (result i32)))
            (data (global.get $memory_base) "hello ")
            (func (export "test:test/greeting#greet") (param i32 i32) (result i32)
              (local $text i32) (local $result i32)
              (local.set $text (call $allocate (i32.add (local.get 1) (i32.const 6))))
              (memory.copy (local.get $text) (global.get $memory_base) (i32.const 6))
              (memory.copy (i32.add (local.get $text) (i32.const 6)) (local.get 0) (local.get 1))
              (local.set $result (call $allocate (i32.const 8)))
              (i32.store (local.get $result) (local.get $text))
              (i32.store offset=4 (local.get $result) (i32.add (local.get 1) (i32.const 6)))
              (local.get $result)))`,
          {
            wit: "package test:test; interface greeting { greet: func(who: string) -> string; } world greeter { export greeting; }",
            world: "greeter",
          },
        ),
        watLibrary(
          "runner",
          `(module (@dylink.0) ${ENV} (func (export "run") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))`,
          world(RUN, "runner"),
        ),
        watLibrary(
          "heap",
          `(module (@dylink.0) ${ENV}
            (import "GOT.mem" "__heap_base" (global $base (mut i32)))
            (global $used (mut i32) (i32.const 0))
            (func $allocate (export "allocate") (param i32) (result i32)
              (i32.add (global.get $base) (global.get $used))
              (global.set $used (i32.add (global.get $used) (i32.and (i32.add (local.get 0) (i32.const 7)) (i32.const -8)))))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (call $allocate (local.get 3))))`,
        ),
      ]),
    calls: [{ export: ["test:test/greeting", "greet"], args: ["linker"] }, ...run(1)],
    expected: [{ ok: "hello linker" }, { ok: 2 }],
  },
];
