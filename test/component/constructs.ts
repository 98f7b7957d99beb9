const LIBC = `
  (core module $libc-module
    (memory (export "memory") 1) (table (export "table") 1 funcref)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "f")) (func (export "callback") (param i32 i32 i32) (result i32) unreachable)
    (global (export "g") i32 (i32.const 0)) (tag (export "tag")))
  (core instance $libc (instantiate $libc-module))
  (alias core export $libc "memory" (core memory $m))
  (alias core export $libc "realloc" (core func $realloc))
  (alias core export $libc "f" (core func $f))`;

const STREAMS = ["new", "read", "write", "cancel-read", "cancel-write", "drop-readable", "drop-writable"];

function copyBuiltins(kind: "stream" | "future"): string {
  const options = (name: string) => {
    if (name === "read" || name === "write") return "async (memory $m) (realloc $realloc) string-encoding=utf16";
    return name.startsWith("cancel") ? "async" : "";
  };
  const functions = STREAMS.map((name) => `(core func (canon ${kind}.${name} $t ${options(name)}))`);
  const plain = STREAMS.filter((name) => name.startsWith("cancel"));
  const more = plain.map((name) => `(core func (canon ${kind}.${name} $t))`);
  return `${LIBC} (type $t (${kind} string)) (type $empty (${kind})) (core func (canon ${kind}.new $empty))
    ${[...functions, ...more].join(" ")}`;
}

const plainBuiltins = (...names: string[]) => names.map((name) => `(core func (canon ${name}))`).join(" ");

/** Contents of components, one for each construct. wasm-tools assembles them without asking whether they are valid. */
export const CONSTRUCTS: Readonly<Record<string, string>> = {
  "core modules and instances": `${LIBC}
    (core module $m (import "a" "f" (func)) (import "a" "m" (memory 1)))
    (core instance $a (export "f" (func $f)) (export "m" (memory $m)))
    (core instance (instantiate $m (with "a" (instance $a))))`,
  "core export aliases of every sort": `${LIBC}
    (alias core export $libc "table" (core table $t)) (alias core export $libc "g" (core global $g))
    (alias core export $libc "tag" (core tag $e))
    (core instance (export "a" (table $t)) (export "b" (global $g)) (export "c" (tag $e)) (export "d" (memory $m)))`,
  "primitive types": `(type bool) (type s8) (type u8) (type s16) (type u16) (type s32) (type u32) (type s64) (type u64)
    (type f32) (type f64) (type char) (type string) (type error-context)`,
  "compound types": `
    (type $s string) (type $r (record (field "a" u8) (field "b" $s)))
    (type (variant (case "none") (case "some" $r))) (type (list $r)) (type (list u8 4)) (type (list $r 300))
    (type (tuple u8 $s)) (type (flags "a" "b")) (type (enum "a" "b")) (type (option $r))
    (type (result)) (type (result $r)) (type (result (error $s))) (type (result $r (error $s)))
    (type (map string u32)) (type (map $s $r)) (type (stream)) (type (stream $r)) (type (future)) (type (future u8))
    (type (list error-context))`,
  "a type with an index of two bytes": `${"(type u8)".repeat(200)} (type (list 199)) (type (list 64)) (type (list 63))`,
  "function types": `(type (func)) (type (func (param "a" u8) (param "b" string) (result (list u8))))
    (type (func async)) (type (func async (param "a" string) (result u8)))`,
  resources: `${LIBC} (type $plain (resource (rep i32))) (type $r (resource (rep i32) (dtor (core func $f))))
    (type $wide (resource (rep i64))) (type (own $r)) (type (borrow $r))
    (core func (canon resource.new $r)) (core func (canon resource.rep $r)) (core func (canon resource.drop $r))
    (core func (canon resource.drop $plain))`,
  "lift and lower": `${LIBC}
    (type $t (func (param "a" string) (result string)))
    (func $lifted (type $t) (canon lift (core func $f) (memory $m) (realloc $realloc) (post-return $f) string-encoding=utf8))
    (func (type $t) (canon lift (core func $f) (memory $m) string-encoding=latin1+utf16))
    (func (type $t) (canon lift (core func $f) (memory $m) async (callback (core func $libc "callback"))))
    (core func (canon lower (func $lifted) (memory $m) (realloc $realloc) string-encoding=utf16))
    (core func (canon lower (func $lifted) (memory $m) async))`,
  "lift and lower with garbage-collected values": `${LIBC}
    (core type $t (func (param externref))) (func $lifted (canon lift (core func $f) gc))
    (core func (canon lower (func $lifted) gc string-encoding=utf8 (core-type $t)))`,
  "task built-ins": `${LIBC} ${plainBuiltins(
    "task.cancel",
    "subtask.cancel",
    "subtask.cancel async",
    "subtask.drop",
    "backpressure.inc",
    "backpressure.dec",
    "task.return",
    "task.return (result string) (memory $m) string-encoding=utf8",
    "task.return (result (list u8)) (memory $m)",
    "context.get i32 0",
    "context.get i64 1",
    "context.set i32 1",
    "context.set i64 200",
  )}`,
  "waitable built-ins": `${LIBC} ${plainBuiltins(
    "waitable-set.new",
    "waitable-set.wait (memory $m)",
    "waitable-set.poll (memory $m)",
    "waitable-set.drop",
    "waitable.join",
  )}`,
  "error context built-ins": `${LIBC} ${plainBuiltins(
    "error-context.new (memory $m) string-encoding=utf16",
    "error-context.debug-message (memory $m) (realloc $realloc)",
    "error-context.drop",
  )}`,
  "stream built-ins": copyBuiltins("stream"),
  "future built-ins": copyBuiltins("future"),
  "thread built-ins": `${LIBC} (core type $start (func (param i32))) ${plainBuiltins(
    "thread.yield",
    "thread.index",
    'thread.new-indirect $start (core table $libc "table")',
    "thread.resume-later",
    "thread.suspend",
    "thread.suspend-then-resume",
    "thread.yield-then-resume",
    "thread.suspend-then-promote",
    "thread.yield-then-promote",
    "thread.spawn-ref $start",
    'thread.spawn-indirect $start (core table $libc "table")',
    "thread.available_parallelism",
  )}`,
  "imports and exports of every sort": `
    (core type $mt (module)) (type $it (instance)) (type $ct (component)) (type $ft (func))
    (import "m" (core module $m (type $mt))) (import "f" (func $f (type $ft))) (import "i" (instance $i (type $it)))
    (import "c" (component $c (type $ct))) (type $u u8) (import "t" (type $t (eq $u))) (import "r" (type $r (sub resource)))
    (export "em" (core module $m)) (export "ef" (func $f)) (export "ei" (instance $i)) (export "ec" (component $c))
    (export "et" (type $t)) (export "typed" (func $f) (func (type $ft)))`,
  "values and a start function": `
    (import "f" (func $f (param "a" string) (result string))) (import "v" (value $v string))
    (start $f (value $v) (result (value $w))) (export "w" (value $w))`,
  "values of a type by index": `
    (type $zero string) (type $one u8) (type $two (list $one))
    (import "a" (value (type $zero))) (import "b" (value (type $one))) (import "c" (value (type $two)))`,
  "names of functions of resources, and of interfaces": `
    (import "a:b/c@1.2.3" (instance (export "r" (type $r (sub resource))) (export "[constructor]r" (func (result (own $r))))
      (export "[method]r.f" (func (param "self" (borrow $r)))) (export "[static]r.s" (func))))
    (import "locked-dep=<a:b@1.0.0>" (component)) (import "url=<https://example.com>" (core module))`,
  "names with attributes": `
    (import "one" (implements "a:b/c@1.0.0") (instance $i)) (export "two" (implements "a:b/c@1.0.0") (instance $i))
    (import "three" (external-id "x") (func))
    (type (instance (export "four" (external-id "") (func))))`,
  "nested components": `
    (import "f" (func $f))
    (component $c (import "f" (func $g)) (core module (memory 1))
      (component (import "g" (func $g)) (component $d (import "x" (func $f)) (export "x" (func $f))) (instance $i (instantiate $d (with "x" (func $g)))) (export "i" (instance $i)))
      (export "h" (func $g)))
    (instance $i (instantiate $c (with "f" (func $f))))
    (instance $inline (export "h" (func $i "h")) (export "i" (instance $i)) (export "c" (component $c)))
    (export "again" (instance $inline))`,
  "outer aliases at every depth": `
    (type $t (list u8)) (core type $ct (func)) (core module $m)
    (component $c
      (type (record (field "a" $t)))
      (component
        (type $u (record (field "a" $t))) (alias outer $c 0 (type)) (core instance (instantiate $m))
        (component
          (type (tuple $t $u)) (core type (module (alias outer 4 $ct (type $f)) (import "a" "f" (func (type $f)))))
          (type (instance (type $v (list $t)) (export "f" (func (param "a" $u) (result $v))))))))`,
  "component types": `
    (type $t (list u8))
    (type (component
      (core type (func)) (type $r (record (field "a" $t))) (import "f" (func (param "a" $t)))
      (import "i" (instance $i (export "x" (type (eq $t))) (export "r" (type (sub resource)))))
      (alias export $i "r" (type $ir)) (import "c" (component (import "g" (func)) (export "h" (func))))
      (import "v" (value string)) (import "m" (core module (import "a" "b" (func))))
      (export "y" (func (param "r" (own $ir)))) (export "z" (instance (export "w" (value u8))))))`,
  "instance types": `
    (type $t (list u8))
    (type $i (instance
      (core type $m (module)) (type $r (record (field "a" $t))) (export "r" (type (eq $r))) (export "s" (type $s (sub resource)))
      (export "f" (func (param "a" $t) (result (own $s)))) (export "m" (core module (type $m)))
      (export "nested" (instance (alias outer 1 $r (type $outer)) (export "x" (func (param "a" $outer)))))
      (export "c" (component (import "a" (type (sub resource)))))))
    (import "i" (instance $j (type $i))) (alias export $j "nested" (instance $n)) (alias export $n "x" (func $x))
    (export "x" (func $x))`,
  "core function, module and tag types": `
    (core type $f (func (param i32 i64 f32 f64 v128 funcref externref exnref) (result i32 i32)))
    (core type (module))
    (core type (module
      (type $t (func (param i32))) (alias outer 1 $f (type $outer))
      (import "a" "f" (func (type $t))) (import "a" "g" (func (type $outer))) (import "" "t" (table 1 2 funcref))
      (import "a" "t64" (table i64 1 externref)) (import "a" "m" (memory 1)) (import "a" "m64" (memory i64 1 5))
      (import "a" "shared" (memory 1 2 shared)) (import "a" "page" (memory 1 (pagesize 1)))
      (import "a" "gl" (global (mut i64))) (import "a" "e" (tag (type $t)))
      (export "f" (func (type $t))) (export "m" (memory 1 2)) (export "g" (global f64)) (export "t" (table 1 externref))))`,
  "core garbage-collected types": `
    (core type $a (array (mut i8))) (core type (array i16)) (core type $s (struct (field i32) (field (mut (ref null $a)))))
    (core rec (type $x (sub (struct (field (ref null $y))))) (type $y (sub $x (struct (field (ref null $y)) (field i32)))))
    (core rec) (core type (sub final $x (struct (field (ref null $y))))) (core type (sub (func)))
    (core type (func (param anyref eqref i31ref structref arrayref nullref nullfuncref (ref any) (ref $s))))
    (core type (module (rec (type $p (sub (func))) (type (sub $p (func)))) (type (sub (array i32)))))`,
  "core shared and continuation types": `
    (core type $s (shared (struct (field i32)))) (core type (shared (func (param (ref $s) (ref null (shared any))))))
    (core type $f (func)) (core type (cont $f))`,
  "names of every sort": `
    (core module $a-module (memory (export "m") 1) (func (export "f"))) (core instance $a-core-instance (instantiate $a-module))
    (alias core export $a-core-instance "m" (core memory $a-memory)) (alias core export $a-core-instance "f" (core func $a-core-func))
    (core type $a-core-type (func)) (type $a-type u8) (import "f" (func $a-func)) (import "v" (value $a-value u8))
    (component $a-component (type $inner u8)) (instance $an-instance (instantiate $a-component))`,
  "custom sections": `(@custom "empty" "") (type u8) (@custom "b" "\\00\\01") (core module) (@custom "c" "text")`,
};
