import { describe, expect, test } from "vitest";
import { checkScripted, type ScriptedCase, textLibrary } from "../support/dlopen.js";

const LAZY = 1;
const NOW = 2;
const NOLOAD = 4;
const GLOBAL = 256;
const NODELETE = 4096;

/** Answers with N plus what it was called before. */
const COUNTER = "static int calls; int count(int n) { return n + calls++; }";

/** A library whose constructor appends a digit to the program's `host_value`. */
const noting = (digit: number, needed: readonly string[]) =>
  textLibrary(
    `${needed.length > 0 ? `(needed ${needed.map((name) => `"${name}"`).join(" ")})` : ""} (runtime-path "$ORIGIN")`,
    `(import "GOT.mem" "host_value" (global $value (mut i32)))
    (func (export "__wasm_call_ctors") (i32.store (global.get $value)
      (i32.add (i32.mul (i32.load (global.get $value)) (i32.const 10)) (i32.const ${digit}))))
    (func (export "give${digit}") (param i32) (result i32) (i32.const ${digit}))`,
  );

const CATCHING = textLibrary(
  '(needed "a.so") (runtime-path "$ORIGIN")',
  `(import "env" "__cpp_exception" (tag $e (param i32)))
  (import "env" "throws" (func $throws (param i32) (result i32)))
  (func (export "catches") (param i32) (result i32)
    (block $caught (result i32)
      (return (try_table (result i32) (catch $e $caught) (call $throws (local.get 0)))))
    (i32.add (i32.const 100)))`,
);

const CASES: Readonly<Record<string, ScriptedCase>> = {
  "state goes on where initialization has left it": {
    libraries: { "a.so": COUNTER },
    init: [
      [`open /lib/a.so ${NOW}`, 0],
      ["call 0 count 10", 10],
      ["call 0 count 10", 11],
    ],
    after: [
      ["call 0 count 10", 12],
      [`open /lib/a.so ${LAZY}`, 0],
      ["call 0 count 10", 13],
    ],
  },
  "a library is open once, however often it is opened": {
    libraries: { "a.so": COUNTER },
    init: [
      [`open /lib/a.so ${NOW}`, 0],
      [`open /lib/a.so ${NOW}`, 0],
      [`open /lib/../lib/./a.so ${NOW}`, 0],
      [`open a.so ${NOW}`, 0],
      ["close 0", 0],
      ["close 0", 0],
      ["call 0 count 1", 1],
    ],
    after: [
      ["close 0", 0],
      ["call 0 count 1", 2],
      ["close 0", 0],
      ["call 0 count 1", "Invalid library handle"],
    ],
  },
  "functions and data of the program and of libraries, both ways": {
    libraries: {
      "a.so": `extern int host_value, host_double(int); extern int (*host_hook)(int);
        int own = 5;
        static int hook(int n) { return n * 100 + own; }
        int install(int n) { host_hook = hook; return host_double(n) + host_value++; }
        int call_through(int n) { int (*pointer)(int) = host_double; return pointer(n); }`,
    },
    init: [
      ["hook 1", -1],
      [`open /lib/a.so ${NOW}`, 0],
      ["call 0 install 3", 1006],
      ["hook 7", 705],
    ],
    after: [
      ["hook 8", 805],
      ["data 0 own", 5],
      ["data default host_value", 1001],
      ["call 0 call_through 21", 42],
      ["call program host_double 4", 8],
      ["same default host_double program host_double", 1],
    ],
  },
  "RTLD_LOCAL hides, RTLD_GLOBAL shows, and a library that is local can become global": {
    libraries: {
      "a.so": "int from_a(int n) { return n + 1; } int shadowed(int n) { return 1; }",
      "b.so": "int from_b(int n) { return n + 2; } int shadowed(int n) { return 2; }",
      "user.so": "extern int from_a(int); int use(int n) { return 10 * from_a(n); }",
    },
    init: [
      [`open /lib/a.so ${NOW}`, 0],
      ["call default from_a 1", "Symbol not found: from_a"],
      [`open /lib/user.so ${NOW}`, "Error relocating user.so: from_a: symbol not found"],
      [`open /lib/b.so ${NOW | GLOBAL}`, 1],
      ["call default shadowed 0", 2],
      [`open /lib/a.so ${NOW | NOLOAD | GLOBAL}`, 0],
      ["call default shadowed 0", 2],
      ["call next shadowed 0", 1],
      [`open /lib/user.so ${NOW}`, 2],
    ],
    after: [
      ["call 2 use 4", 50],
      ["call default from_a 1", 2],
      ["call program from_b 1", 3],
      ["call next shadowed 0", 1],
      ["call default use 1", "Symbol not found: use"],
    ],
  },
  "a library that becomes global afterwards": {
    libraries: { "a.so": "int from_a(int n) { return n + 1; }" },
    init: [[`open /lib/a.so ${NOW}`, 0]],
    after: [
      ["call default from_a 1", "Symbol not found: from_a"],
      [`open /lib/a.so ${NOW | GLOBAL}`, 0],
      ["call default from_a 1", 2],
    ],
  },
  "RTLD_NOLOAD opens only what is open": {
    libraries: { "a.so": COUNTER, "b.so": COUNTER },
    init: [
      [`open /lib/a.so ${NOW | NOLOAD}`, "Library is not already loaded: /lib/a.so"],
      [`open /lib/a.so ${NOW}`, 0],
      [`open /lib/a.so ${NOW | NOLOAD}`, 0],
    ],
    after: [
      [`open /lib/a.so ${NOW | NOLOAD}`, 0],
      ["close 0", 0],
      ["close 0", 0],
      ["close 0", 0],
      [`open /lib/a.so ${NOW | NOLOAD}`, "Library is not already loaded: /lib/a.so"],
    ],
  },
  "modes that there are not": {
    libraries: { "a.so": COUNTER },
    init: [
      ["open /lib/a.so 0", "Invalid mode for dlopen"],
      ["open /lib/a.so 65536", "Invalid mode for dlopen"],
    ],
    after: [["open /lib/a.so 8", "Invalid mode for dlopen"]],
  },
  "the first definition is everyone's, also in the library that has another one": {
    libraries: {
      "a.so": `int host_double(int n) { return -n; }
        int through_pointer(int n) { int (*volatile pointer)(int) = host_double; return pointer(n); }`,
    },
    init: [[`open /lib/a.so ${NOW}`, 0]],
    after: [
      ["call 0 through_pointer 4", 8],
      ["call 0 host_double 4", -4],
    ],
  },
  "weak symbols: nobody's are null, one's own are there": {
    libraries: {
      "a.so": `extern int nobodys(int) __attribute__((weak)); extern int nothing __attribute__((weak));
        __attribute__((weak)) int mine(int n) { return n + 3; }
        int use(int n) { return nobodys || &nothing ? -1 : mine(n); }`,
    },
    init: [[`open /lib/a.so ${NOW}`, 0]],
    after: [["call 0 use 1", 4]],
  },
  "alignments of data, and addresses in data": {
    libraries: {
      "a.so": `__attribute__((aligned(256))) int wide = 3;
        static int ones[4] = {1, 1, 1, 1};
        static int *const where[] = {&ones[3], &wide, ones};
        int sum(int n) { return (unsigned)&wide % 256 + *where[0] + *where[1] + where[2][1]; }`,
    },
    init: [[`open /lib/a.so ${NOW}`, 0]],
    after: [["call 0 sum 0", 5]],
  },
  "what a library needs starts before it, also what calls it": {
    libraries: {
      "a.so": textLibrary(
        '(mem-info (memory 8 2)) (needed "b.so") (runtime-path "$ORIGIN")',
        `(import "GOT.mem" "ready" (global $ready (mut i32)))
        (global (export "seen") i32 (i32.const 0))
        (func (export "f") (param i32) (result i32) (local.get 0))
        (func (export "__wasm_call_ctors")
          (i32.store (global.get $memory_base) (i32.add (i32.const 10) (i32.load (global.get $ready)))))`,
      ),
      "b.so": textLibrary(
        "(mem-info (memory 8 2))",
        `(import "env" "f" (func $f (param i32) (result i32)))
        (global (export "ready") i32 (i32.const 0))
        (func (export "__wasm_call_ctors") (i32.store (global.get $memory_base) (call $f (i32.const 5))))`,
      ),
    },
    init: [
      [`open /lib/a.so ${NOW}`, 0],
      ["data 0 seen", 15],
    ],
    after: [["data 0 seen", 15]],
  },
  "constructors run once": {
    libraries: {
      "a.so": "int starts; __attribute__((constructor)) static void start(void) { starts++; }",
    },
    init: [
      [`open /lib/a.so ${NOW}`, 0],
      [`open /lib/a.so ${NOW}`, 0],
      ["data 0 starts", 1],
    ],
    after: [
      [`open /lib/a.so ${NOW}`, 0],
      ["data 0 starts", 1],
    ],
  },
  "closed libraries leave nothing behind, others of the same name can come": {
    libraries: {
      "a.so": "int big[20000]; int value = 1; int get(int n) { return big[n] + value++; }",
      "b.so": "int get(int n) { return 50 + n; }",
    },
    init: [
      [`open /lib/a.so ${NOW}`, 0],
      ["call 0 get 0", 1],
      ["close 0", 0],
      ["call 0 get 0", "Invalid library handle"],
      [`open /lib/b.so ${NOW}`, 1],
      ["call 1 get 1", 51],
      [`open /lib/a.so ${NOW | NOLOAD}`, "Library is not already loaded: /lib/a.so"],
      [`open /lib/a.so ${NOW}`, 2],
      ["call 2 get 0", 1],
      ["close 2", 0],
    ],
    after: [["call 1 get 2", 52]],
  },
  "RTLD_NODELETE keeps a library": {
    libraries: { "a.so": COUNTER },
    init: [
      [`open /lib/a.so ${NOW | NODELETE}`, 0],
      ["call 0 count 1", 1],
      ["close 0", 0],
      [`open /lib/a.so ${NOW}`, 0],
      ["call 0 count 1", 2],
      ["close 0", 0],
    ],
    after: [
      ["call 0 count 1", "Invalid library handle"],
      [`open /lib/a.so ${NOW | NOLOAD}`, 0],
      ["call 0 count 1", 3],
    ],
  },
  "a diamond: each is opened once, and constructors run before those of who needs them": {
    libraries: {
      "a.so": noting(1, ["b.so", "c.so"]),
      "b.so": noting(2, ["d.so"]),
      "c.so": noting(3, ["d.so"]),
      "d.so": noting(4, []),
    },
    init: [
      [`open /lib/a.so ${NOW}`, 0],
      ["data default host_value", 10004231],
      ["call 0 give4 0", 4],
      ["call default give4 0", "Symbol not found: give4"],
      [`open d.so ${NOW}`, 1],
      ["data default host_value", 10004231],
      ["close 0", 0],
      ["call 0 give1 0", "Invalid library handle"],
      ["call 1 give4 0", 4],
      [`open /lib/b.so ${NOW}`, 2],
      ["data default host_value", 100042312],
    ],
    after: [
      ["call 2 give4 0", 4],
      ["call 2 give3 0", "Symbol not found: give3"],
      [`open /lib/b.so ${NOW | GLOBAL}`, 2],
      ["call default give4 0", 4],
    ],
  },
  "libraries that need each other": {
    libraries: {
      "even.so": textLibrary(
        '(needed "odd.so") (runtime-path "$ORIGIN")',
        `(import "env" "odd" (func $odd (param i32) (result i32)))
        (func (export "even") (param i32) (result i32)
          (if (result i32) (local.get 0) (then (call $odd (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 1))))`,
      ),
      "odd.so": textLibrary(
        '(needed "even.so") (runtime-path "$ORIGIN")',
        `(import "env" "even" (func $even (param i32) (result i32)))
        (func (export "odd") (param i32) (result i32)
          (if (result i32) (local.get 0) (then (call $even (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 0))))`,
      ),
    },
    init: [
      [`open /lib/even.so ${NOW}`, 0],
      ["call 0 even 6", 1],
    ],
    after: [
      ["call 0 even 7", 0],
      ["call 0 odd 7", 1],
    ],
  },
  "a constructor that opens a library, and itself again": {
    libraries: {
      "outer.so": `extern void *dlopen(const char *, int), *dlsym(void *, const char *);
        static int (*inner)(int); static int same;
        int call_inner(int n) { return inner(n) * 10 + same; }
        __attribute__((constructor)) static void start(void) {
          inner = (int (*)(int))dlsym(dlopen("/lib/inner.so", ${NOW}), "give");
          same = dlopen("/lib/outer.so", ${NOW}) == dlopen("outer.so", ${NOW});
        }`,
      "inner.so": "int give(int n) { return n + 1; }",
    },
    init: [[`open /lib/outer.so ${NOW}`, 0]],
    after: [
      ["call 0 call_inner 4", 51],
      [`open /lib/inner.so ${NOW}`, 1],
      ["call 1 give 4", 5],
    ],
  },
  "an exception that nobody defines is one for all that throw and catch it, whoever closes": {
    needs: "exceptions",
    libraries: {
      "a.so": textLibrary(
        "",
        `(import "env" "__cpp_exception" (tag $e (param i32)))
        (func (export "throws") (param i32) (result i32) (throw $e (local.get 0)))`,
      ),
      "first.so": CATCHING,
      "second.so": CATCHING,
    },
    init: [
      [`open /lib/first.so ${NOW}`, 0],
      [`open /lib/second.so ${NOW}`, 1],
      ["call 0 catches 5", 105],
      ["close 0", 0],
      ["call 1 catches 6", 106],
    ],
    after: [["call 1 catches 7", 107]],
  },
  "libraries of one's own that are called as the system's": {
    libraries: {
      "a.so": textLibrary(
        '(needed "libm.so" "libc.so" "libdl.so") (runtime-path "$ORIGIN")',
        `(import "env" "m" (func $m (param i32) (result i32)))
        (import "env" "c" (func $c (param i32) (result i32)))
        (import "env" "d" (func $d (param i32) (result i32)))
        (func (export "all") (param i32) (result i32) (call $m (call $c (call $d (local.get 0)))))`,
      ),
      "libm.so": "int m(int n) { return n * 2; }",
      "libc.so": "int c(int n) { return n + 3; }",
      "libdl.so": "int d(int n) { return n * 5; }",
    },
    init: [
      [`open /lib/a.so ${NOW}`, 0],
      ["call 0 all 1", 16],
    ],
    after: [["call 0 all 2", 26]],
  },
  "the system's own, which are in the program": {
    libraries: {
      "a.so": textLibrary(
        '(needed "libc.so" "libdl.so") (runtime-path "$ORIGIN")',
        '(func (export "one") (param i32) (result i32) (i32.const 1))',
      ),
      "libc.so": "void *malloc(unsigned long size) { return 0; }",
      "libdl.so": "void *dlopen(const char *name, int mode) { return 0; }",
    },
    init: [
      [`open /lib/a.so ${NOW}`, 0],
      [`open libc.so ${NOW | NOLOAD}`, "Library is not already loaded: libc.so"],
    ],
    after: [["call 0 one 2", 1]],
  },
  "a library from the guest's memory": {
    libraries: { "a.so": COUNTER },
    init: [
      ["load /lib/a.so from-memory", 0],
      ["call 0 count 4", 4],
      [`open from-memory ${NOW | NOLOAD}`, 0],
      [
        "load /lib/none.so nothing",
        "Error loading shared library nothing: core module of 0 bytes has no header at offset 0x0",
      ],
    ],
    after: [
      ["call 0 count 4", 5],
      [`open from-memory ${NOW}`, 0],
    ],
  },
};

/** Adds a number of its data to what the program and the library before it give, and imports all that libraries of C do. */
function link(i: number): string {
  const before = `(import "env" "f${i - 1}" (func $before (param i32) (result i32)))`;
  return textLibrary(
    "(mem-info (memory 4 2))",
    `${i === 0 ? "" : before}
    (import "env" "host_double" (func $double (param i32) (result i32)))
    (import "GOT.mem" "host_value" (global $value (mut i32)))
    (import "GOT.func" "f${i}" (global $self (mut i32)))
    (import "wasi_snapshot_preview1" "fd_close" (func (param i32) (result i32)))
    (data (global.get $memory_base) "\\${i
      .toString(16)
      .padStart(4, "0")
      .replace(/(..)(..)/, "$2\\$1")}\\00\\00")
    (func (export "f${i}") (param i32) (result i32)
      (i32.add (i32.load (global.get $memory_base)) ${i === 0 ? "(call $double (local.get 0))" : "(call $before (local.get 0))"}))`,
  );
}

const chain = (count: number) => ({
  libraries: Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}.so`, link(i)])),
  init: Array.from({ length: count }, (_, i) => [`open /lib/l${i}.so ${NOW | GLOBAL}`, i] as const),
});

test("300 libraries, each of which calls the one before it", async () => {
  const { dlopen } = await checkScripted({
    ...chain(300),
    after: [
      ["call 299 f299 5", 44_860],
      ["call 99 f99 0", 4950],
    ],
  });
  expect(dlopen?.open).toHaveLength(300);
});

test("more libraries than a component can have", async () => {
  const error = await checkScripted({ ...chain(340), after: [] }).catch((one: unknown) => one);
  expect(error).toMatchObject({
    code: "unsupported",
    message: "the output would have more than 1000 instances, which no component can have",
  });
});

describe("libraries that a program opens", () => {
  test.each(Object.entries(CASES))("%s", async (_, one) => {
    await checkScripted(one);
  });
});

describe("what cannot be opened is an error, and the program goes on", () => {
  const good: ScriptedCase["init"][number] = ["call 0 count 1", 1];
  const cases: Readonly<Record<string, { libraries: ScriptedCase["libraries"]; name: string; error: string }>> = {
    "a missing file": {
      libraries: {},
      name: "/lib/b.so",
      error: "Error loading shared library /lib/b.so: No such file or directory",
    },
    "a file outside of the preopens": {
      libraries: {},
      name: "/lib/../../etc/passwd",
      error: "Error loading shared library /lib/../../etc/passwd: No such file or directory",
    },
    "a program": {
      libraries: {
        "b.so": { source: "int main(void) { return 0; }", flags: ["-Wl,--export=_start", "-mexec-model=command"] },
      },
      name: "/lib/b.so",
      error: "Error loading shared library b.so: it is a program",
    },
    "a missing function": {
      libraries: { "b.so": "extern int absent(int); int use(int n) { return absent(n); }" },
      name: "/lib/b.so",
      error: "Error relocating b.so: absent: symbol not found",
    },
    "missing data, and more": {
      libraries: { "b.so": "extern int absent, none(int); int use(int n) { return absent + none(n); }" },
      name: "/lib/b.so",
      error: "Error relocating b.so: absent: symbol not found (and 1 more)",
    },
    "another type": {
      libraries: { "b.so": "extern double host_double(double); double use(double n) { return host_double(n); }" },
      name: "/lib/b.so",
      error:
        "Error relocating b.so: it calls host_double as [f64] -> [f64], and the program defines it as [i32] -> [i32]",
    },
    "a trap in a constructor": {
      libraries: { "b.so": "__attribute__((constructor)) static void start(void) { __builtin_trap(); }" },
      name: "/lib/b.so",
      error: "Error loading shared library b.so: its constructors: unreachable",
    },
    "more memory than there can be": {
      libraries: { "b.so": "(module (@dylink.0 (mem-info (memory 67108864 0))))" },
      name: "/lib/b.so",
      error: "Error loading shared library b.so: out of memory: it needs 67108864 bytes, aligned to 1",
    },
  };
  test.each(Object.entries(cases))("%s", async (_, { libraries, name, error }) => {
    const report = await checkScripted({
      options: { maxMemory: 2 ** 25 },
      libraries: { ...libraries, "a.so": COUNTER },
      init: [[`open /lib/a.so ${NOW}`, 0], [`open ${name} ${NOW}`, error], [`open ${name} ${NOW}`, error], good],
      after: [["call 0 count 1", 2]],
    });
    expect(report.dlopen?.failures).toEqual(Array.from({ length: 2 }, () => ({ call: "open", name, error })));
    expect(report.dlopen?.open).toEqual(["a.so"]);
  });
});
