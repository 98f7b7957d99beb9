// @ts-check
// What calls cost that go through the canonical ABI: on this host, and in what jco's bindgen makes of the same component
// with the same implementations of its imports. Prints JSON: microseconds for each call (or MiB), medians.
//
//   node abi.mjs RUNS
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate, $init as initBindgen } from "@bytecodealliance/jco-transpile/component";
import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { instrument, invoke, prepare } from "../dist/index.js";
import { createWasi } from "../dist/wasi/index.js";

const runs = Number(process.argv[2] ?? 5);

const LOOP = `(func (export "loop") (param $n i32) (result i32) (local $sum i32)
  (block $done (loop $next
    (br_if $done (i32.eqz (local.get $n)))
    (local.set $sum (call $f (local.get $n) (local.get $sum)))
    (local.set $n (i32.sub (local.get $n) (i32.const 1)))
    (br $next)))
  (local.get $sum))`;

const HOST_CALL = `(component
  (import "local:x/y" (instance $x (export "f" (func (param "a" u32) (param "b" u32) (result u32)))))
  (core func $f (canon lower (func $x "f")))
  (core module $m (import "" "f" (func $f (param i32 i32) (result i32))) ${LOOP})
  (core instance $i (instantiate $m (with "" (instance (export "f" (func $f))))))
  (func (export "loop") (param "n" u32) (result u32) (canon lift (core func $i "loop"))))`;

const BETWEEN = `(component
  (component $A
    (core module $m (func (export "f") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
    (core instance $i (instantiate $m))
    (func (export "f") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "f"))))
  (component $B
    (import "f" (func $x (param "a" u32) (param "b" u32) (result u32)))
    (core func $f (canon lower (func $x)))
    (core module $m (import "" "f" (func $f (param i32 i32) (result i32))) ${LOOP})
    (core instance $i (instantiate $m (with "" (instance (export "f" (func $f))))))
    (func (export "loop") (param "n" u32) (result u32) (canon lift (core func $i "loop"))))
  (instance $a (instantiate $A))
  (instance $b (instantiate $B (with "f" (func $a "f"))))
  (export "loop" (func $b "loop")))`;

/** Reads 1 MiB of a file again and again. */
const READ = `(component
  (import "wasi:io/error@0.2.0" (instance $er (export "error" (type (sub resource)))))
  (alias export $er "error" (type $error))
  (import "wasi:filesystem/types@0.2.0" (instance $t
    (export "descriptor" (type $d (sub resource)))
    (type $code' (enum "access" "would-block" "already" "bad-descriptor" "busy" "deadlock" "quota" "exist" "file-too-large"
      "illegal-byte-sequence" "in-progress" "interrupted" "invalid" "io" "is-directory" "loop" "too-many-links" "message-size"
      "name-too-long" "no-device" "no-entry" "no-lock" "insufficient-memory" "insufficient-space" "not-directory" "not-empty"
      "not-recoverable" "unsupported" "no-tty" "no-such-device" "overflow" "not-permitted" "pipe" "read-only" "invalid-seek"
      "text-file-busy" "cross-device"))
    (export "error-code" (type $code (eq $code')))
    (type $pf' (flags "symlink-follow")) (export "path-flags" (type $pf (eq $pf')))
    (type $of' (flags "create" "directory" "exclusive" "truncate")) (export "open-flags" (type $of (eq $of')))
    (type $df' (flags "read" "write" "file-integrity-sync" "data-integrity-sync" "requested-write-sync" "mutate-directory"))
    (export "descriptor-flags" (type $df (eq $df')))
    (export "[method]descriptor.open-at" (func (param "self" (borrow $d)) (param "path-flags" $pf) (param "path" string)
      (param "open-flags" $of) (param "flags" $df) (result (result (own $d) (error $code)))))
    (export "[method]descriptor.read" (func (param "self" (borrow $d)) (param "length" u64) (param "offset" u64)
      (result (result (tuple (list u8) bool) (error $code)))))))
  (alias export $t "descriptor" (type $descriptor))
  (import "wasi:filesystem/preopens@0.2.0" (instance $p
    (alias outer 1 $descriptor (type $d')) (export "descriptor" (type $d (eq $d')))
    (export "get-directories" (func (result (list (tuple (own $d) string)))))))
  (core module $libc (memory (export "memory") 64) (global $top (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (if (i32.gt_u (local.get 3) (i32.const 1024)) (then (return (i32.const 1048576))))
      (global.set $top (i32.add (global.get $top) (i32.const 1024))) (global.get $top)))
  (core instance $l (instantiate $libc))
  (core func $dirs (canon lower (func $p "get-directories") (memory (core memory $l "memory")) (realloc (core func $l "realloc"))))
  (core func $open (canon lower (func $t "[method]descriptor.open-at") (memory (core memory $l "memory"))))
  (core func $read (canon lower (func $t "[method]descriptor.read") (memory (core memory $l "memory")) (realloc (core func $l "realloc"))))
  (core module $m (import "l" "memory" (memory 64))
    (import "" "dirs" (func $dirs (param i32))) (import "" "open" (func $open (param i32 i32 i32 i32 i32 i32 i32)))
    (import "" "read" (func $read (param i32 i64 i64 i32)))
    (data (i32.const 100) "file")
    (func (export "loop") (param $n i32) (result i32)
      (call $dirs (i32.const 0))
      (call $open (i32.load (i32.load (i32.const 0))) (i32.const 0) (i32.const 100) (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 16))
      (block $done (loop $next
        (br_if $done (i32.eqz (local.get $n)))
        (call $read (i32.load (i32.const 20)) (i64.const 1048576) (i64.const 0) (i32.const 32))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $next)))
      (i32.load (i32.const 40))))
  (core instance $i (instantiate $m (with "l" (instance $l)) (with "" (instance
    (export "dirs" (func $dirs)) (export "open" (func $open)) (export "read" (func $read))))))
  (func (export "loop") (param "n" u32) (result u32) (canon lift (core func $i "loop"))))`;

const directory = mkdtempSync(join(tmpdir(), "component-init-abi-"));
writeFileSync(join(directory, "file"), new Uint8Array(2 ** 20).fill(7));
const preopens = [{ host: directory, guest: "/" }];
const f = (/** @type {number} */ a, /** @type {number} */ b) => (a + b) >>> 0;

const CASES = [
  {
    name: "a call of the host with scalars",
    text: HOST_CALL,
    count: 300_000,
    options: { imports: { "local:x/y": { f } } },
  },
  { name: "a call between instances with scalars", text: BETWEEN, count: 300_000, options: {} },
  { name: "1 MiB read through wasi:filesystem", text: READ, count: 1000, options: { preopens } },
];

/** @param {number[]} numbers */
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

/** @param {(count: number) => unknown} run @param {number} count microseconds for each */
async function time(run, count) {
  await run(1);
  const start = performance.now();
  await run(0);
  const setUp = performance.now() - start;
  const before = performance.now();
  await run(count);
  return ((performance.now() - before - setUp) * 1000) / count;
}

/** @param {Uint8Array} component @param {Record<string, Record<string, unknown>>} given */
async function transpiled(component, given) {
  await initBindgen;
  const { files } = generate(component, { name: "c", instantiation: { tag: "async" }, noTypescript: true, map: [] });
  const text = new TextDecoder().decode(files.find(([name]) => name === "c.js")?.[1]);
  const { instantiate } = await import(`data:text/javascript;base64,${Buffer.from(text).toString("base64")}`);
  const modules = new Map(files.filter(([name]) => name.endsWith(".wasm")));
  return async (/** @type {number} */ count) => {
    const wasi = createWasi({ args: [], env: {}, stdin: new Uint8Array(), preopens, onOutput: () => undefined });
    const getModule = (/** @type {string} */ name) =>
      WebAssembly.compile(/** @type {Uint8Array<ArrayBuffer>} */ (modules.get(name)));
    const { loop } = await instantiate(getModule, { ...wasi.imports, ...given });
    loop(count);
  };
}

await initBindgen;
const results = [];
for (const { name, text, count, options } of CASES) {
  const component = await parse(text);
  const prepared = await prepare(instrument(component));
  const ours = (/** @type {number} */ n) => invoke(prepared, [`loop(${n})`], options);
  const theirs = await transpiled(component, options.imports ?? {});
  const times = { ours: /** @type {number[]} */ ([]), jco: /** @type {number[]} */ ([]) };
  for (let run = 0; run < runs; run++) {
    times.ours.push(await time(ours, count));
    times.jco.push(await time(theirs, count));
  }
  results.push({ name, ours: median(times.ours), jco: median(times.jco) });
}
rmSync(directory, { recursive: true });
console.log(JSON.stringify(results));
