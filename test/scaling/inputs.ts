/** Inputs that can be made of any size: for each kind of section, with many of what it lists. */
export interface Input {
  /** The text of a component with `n` of something. */
  readonly text: (n: number) => string;
  /** The smallest of the three sizes (default 130). */
  readonly from?: number;
}

function times(n: number, item: (i: number) => string): string {
  return Array.from({ length: n }, (_, i) => item(i)).join("\n");
}

const I32 = "(i32.const 0)";

/** A component with one core module that has `init` and `a`. */
function ofModule(fields: (n: number) => { readonly module: string; readonly init?: string; readonly keep?: string }) {
  return (n: number): string => {
    const { module, init = "", keep = "" } = fields(n);
    return `(component (core module $m
      ${module} (func (export "init") ${init}) (func (export "a") (result i32) ${keep} (i32.const 7)))
      (core instance $i (instantiate $m)) ${LIFTED})`;
  };
}

const LIFTED = `(func (export "init") (canon lift (core func $i "init")))
  (func (export "a") (result u32) (canon lift (core func $i "a")))`;

/** A component with something in it, and a core module besides that has `init` and `a`. */
function ofComponent(definitions: (n: number) => string, module: (n: number) => string = () => "") {
  return (n: number): string => `(component (core module $m ${module(n)}
      (func (export "init")) (func (export "a") (result i32) (i32.const 7)))
      (core instance $i (instantiate $m)) ${LIFTED} ${definitions(n)})`;
}

/** A core module that exports `n` of something, and one that imports them. */
function imported(definition: (i: number) => string, type: (i: number) => string) {
  return (n: number): string => `(component
    (core module $from ${times(n, definition)})
    (core instance $given (instantiate $from))
    (core module $m ${times(n, (i) => `(import "g" "x${i}" ${type(i)})`)}
      (func (export "init")) (func (export "a") (result i32) (i32.const 7)))
    (core instance $i (instantiate $m (with "g" (instance $given)))) ${LIFTED})`;
}

export const CORE_INPUTS: Readonly<Record<string, Input>> = {
  types: { text: ofModule((n) => ({ module: times(n, (i) => `(type (func (param ${"i32 ".repeat(i % 5)})))`) })) },
  "types of a recursion group": {
    text: ofModule((n) => ({
      module: `(rec ${times(n, (i) => `(type $t${i} (struct (field (ref null $t${(i * 7) % n}))))`)})`,
    })),
  },
  "recursion groups": {
    text: ofModule((n) => ({
      module: times(n, (i) => `(rec (type $a${i} (struct (field (ref null $b${i})))) (type $b${i} (array (mut i32))))`),
    })),
  },
  subtypes: {
    text: ofModule((n) => ({
      module: `${times(n, (i) => `(type $t${i} (sub ${i % 50 === 0 ? "" : `$t${i - 1}`} (func)))`)}
        (table ${n} funcref) (elem (i32.const 0) func ${times(n, (i) => `$f${i}`)}) ${times(n, (i) => `(func $f${i} (type $t${i}))`)}`,
      init: times(n, (i) => `(call_indirect (type $t${i}) (i32.const ${i}))`),
    })),
  },
  fields: { text: ofModule((n) => ({ module: `(type (struct ${"(field (mut i32))".repeat(n)}))` })) },
  parameters: { text: ofModule((n) => ({ module: `(func (param ${"i32 ".repeat(n)}))` })) },
  "imported functions": {
    text: imported(
      (i) => `(func (export "x${i}"))`,
      () => "(func)",
    ),
  },
  "imported functions in a table": {
    text: (n) => `(component
      (core module $from ${times(n, (i) => `(func (export "x${i}"))`)})
      (core instance $given (instantiate $from))
      (core module $m ${times(n, (i) => `(import "g" "x${i}" (func $x${i}))`)}
        (table $t ${n} funcref) (elem declare func ${times(n, (i) => `$x${i}`)})
        (func (export "init") ${times(n, (i) => `(table.set $t (i32.const ${i}) (ref.func $x${i}))`)})
        (func (export "a") (result i32) (call_indirect $t (i32.const 0)) (i32.const 7)))
      (core instance $i (instantiate $m (with "g" (instance $given)))) ${LIFTED})`,
  },
  "imported tables": {
    text: imported(
      (i) => `(table (export "x${i}") 1 funcref)`,
      () => "(table 1 funcref)",
    ),
  },
  "imported memories": {
    text: imported(
      (i) => `(memory (export "x${i}") 0)`,
      () => "(memory 0)",
    ),
    from: 40,
  },
  "imported globals": {
    text: imported(
      (i) => `(global (export "x${i}") (mut i32) ${I32})`,
      () => "(global (mut i32))",
    ),
  },
  "imported tags": {
    text: imported(
      (i) => `(tag (export "x${i}"))`,
      () => "(tag)",
    ),
  },
  functions: {
    text: ofModule((n) => ({ module: times(n, (i) => `(func $f${i})`), keep: times(n, (i) => `(call $f${i})`) })),
  },
  "functions that call the next": {
    text: ofModule((n) => ({
      module: times(n, (i) => `(func $f${i} ${i + 1 < n ? `(call $f${i + 1})` : ""})`),
      keep: "(call $f0)",
    })),
  },
  tables: {
    text: ofModule((n) => ({
      module: `(func $f) (elem declare func $f) ${times(n, (i) => `(table $t${i} 2 funcref)`)}`,
      init: times(n, (i) => `(table.set $t${i} (i32.const 1) (ref.func $f))`),
      keep: times(n, (i) => `(call_indirect $t${i} (i32.const 1))`),
    })),
  },
  "entries of a table": {
    text: ofModule((n) => ({
      module: `(table $t ${n} funcref) (elem declare func $f $g) (func $f) (func $g)`,
      init: times(n, (i) => `(table.set $t (i32.const ${i}) (ref.func ${i % 2 ? "$f" : "$g"}))`),
      keep: "(call_indirect $t (i32.const 0))",
    })),
  },
  "every other entry of a table": {
    text: ofModule((n) => ({
      module: `(table $t ${2 * n} funcref) (elem declare func $f) (func $f)`,
      init: times(n, (i) => `(table.set $t (i32.const ${2 * i}) (ref.func $f))`),
      keep: "(call_indirect $t (i32.const 0))",
    })),
  },
  "empty entries of a table": {
    text: ofModule((n) => ({
      module: `(table $t 1 funcref) (elem declare func $f) (func $f)`,
      init: `(drop (table.grow $t (ref.null func) (i32.const ${n * 10}))) (table.set $t (i32.const 0) (ref.func $f))`,
      keep: "(call_indirect $t (i32.const 0))",
    })),
  },
  memories: {
    text: ofModule((n) => ({
      module: times(n, (i) => `(memory $m${i} 1)`),
      init: times(n, (i) => `(i32.store $m${i} (i32.const 4) (i32.const 5))`),
      keep: times(n, (i) => `(drop (i32.load $m${i} (i32.const 4)))`),
    })),
    from: 40,
  },
  "bytes of a memory": {
    text: ofModule((n) => ({
      module: `(memory $m ${Math.ceil(n / 100)})`,
      init: times(n, (i) => `(i32.store (i32.const ${i * 64}) (i32.const 5))`),
      keep: "(drop (i32.load (i32.const 4)))",
    })),
  },
  tags: {
    text: ofModule((n) => ({
      module: times(n, (i) => `(tag $e${i} (export "e${i}") (param ${"i32 ".repeat(i % 3)}))`),
    })),
  },
  globals: {
    text: ofModule((n) => ({
      module: times(n, (i) => `(global $g${i} (mut i32) ${I32})`),
      init: times(n, (i) => `(global.set $g${i} (i32.const 5))`),
      keep: times(n, (i) => `(drop (global.get $g${i}))`),
    })),
  },
  "references in globals": {
    text: ofModule((n) => ({
      module: `(elem declare func $f) (func $f) ${times(n, (i) => `(global $g${i} (mut funcref) (ref.null func))`)}`,
      init: times(n, (i) => `(global.set $g${i} (ref.func $f))`),
      keep: times(n, (i) => `(drop (global.get $g${i}))`),
    })),
  },
  "immutable globals of objects": {
    text: ofModule((n) => ({
      module: `(type $s (struct (field i32))) ${times(n, (i) => `(global $g${i} (ref $s) (struct.new $s (i32.const ${i})))`)}`,
      keep: times(n, (i) => `(drop (global.get $g${i}))`),
    })),
  },
  "exception references in globals": {
    text: ofModule((n) => ({
      module: times(n, (i) => `(global $g${i} (mut exnref) (ref.null exn))`),
      keep: times(n, (i) => `(drop (global.get $g${i}))`),
    })),
  },
  exports: { text: ofModule((n) => ({ module: times(n, (i) => `(func (export "x${i}"))`) })) },
  "exports that something else takes references of": {
    text: ofModule((n) => ({
      module: times(n, (i) => `(func $x${i} (export "x${i}"))`),
      keep: times(n, (i) => `(drop (ref.func $x${i}))`),
    })),
  },
  "exports of one function": {
    text: ofModule((n) => ({ module: `(func $f) ${times(n, (i) => `(export "x${i}" (func $f))`)}` })),
  },
  "active element segments": {
    text: ofModule((n) => ({
      module: `(table ${n} funcref) (func $f) ${times(n, (i) => `(elem (i32.const ${i}) func $f)`)}`,
    })),
  },
  "active element segments of a table that changes": {
    text: ofModule((n) => ({
      module: `(table $t ${n} funcref) (func $f) ${times(n, (i) => `(elem (i32.const ${i}) func $f)`)}`,
      init: "(table.set $t (i32.const 0) (ref.null func))",
      keep: "(call_indirect $t (i32.const 1))",
    })),
  },
  "active element segments of many tables": {
    text: ofModule((n) => ({
      module: `(func $f) ${times(n, (i) => `(table $t${i} 1 funcref) (elem (table $t${i}) (i32.const 0) func $f)`)}`,
      keep: times(n, (i) => `(call_indirect $t${i} (i32.const 0))`),
    })),
  },
  "functions in an element segment": {
    text: ofModule((n) => ({
      module: `(table $t ${n} funcref) (elem (i32.const 0) func ${times(n, (i) => `$f${i}`)}) ${times(n, (i) => `(func $f${i})`)}`,
      keep: "(call_indirect $t (i32.const 1))",
    })),
  },
  "expressions in an element segment": {
    text: ofModule((n) => ({
      module: `(table $t ${n} funcref) (elem (i32.const 0) funcref ${times(n, (i) => `(ref.func $f${i})`)}) ${times(n, (i) => `(func $f${i})`)}`,
      keep: "(call_indirect $t (i32.const 1))",
    })),
  },
  "passive element segments that are dropped": {
    text: ofModule((n) => ({
      module: `(table $t 1 funcref) (func $f) ${times(n, (i) => `(elem $e${i} func $f)`)}`,
      init: times(n, (i) => `(elem.drop $e${i})`),
      keep: times(n, (i) => `(table.init $t $e${i} (i32.const 0) (i32.const 0) (i32.const 0))`),
    })),
  },
  "passive element segments of objects": {
    text: ofModule((n) => ({
      module: `(type $s (struct (field (mut i32)))) (table $t 1 structref)
        ${times(n, (i) => `(elem $e${i} structref (struct.new $s (i32.const ${i})))`)}`,
      init: times(n, (i) => `(elem.drop $e${i})`),
    })),
  },
  "declared element segments": {
    text: ofModule((n) => ({ module: `(func $f) ${times(n, () => "(elem declare func $f)")}` })),
  },
  "active data segments": {
    text: ofModule((n) => ({
      module: `(memory 1) ${times(n, (i) => `(data (i32.const ${i * 16}) "x")`)}`,
      keep: "(drop (i32.load (i32.const 4)))",
    })),
  },
  "passive data segments that are dropped": {
    text: ofModule((n) => ({
      module: `(memory 1) ${times(n, (i) => `(data $d${i} "x")`)}`,
      init: times(n, (i) => `(data.drop $d${i})`),
      keep: times(n, (i) => `(memory.init $d${i} (i32.const 0) (i32.const 0) (i32.const 0))`),
    })),
  },
  instructions: {
    text: ofModule((n) => ({ module: "", keep: "(drop (i32.add (i32.const 1) (i32.const 2)))".repeat(n) })),
  },
  "nested blocks": { text: ofModule((n) => ({ module: "", keep: `${"block\n".repeat(n)} ${"end\n".repeat(n)}` })) },
  "labels of a br_table": {
    text: ofModule((n) => ({ module: "", keep: `(block (br_table ${"0 ".repeat(n)} (i32.const 0)))` })),
  },
  "groups of locals": { text: ofModule((n) => ({ module: `(func (local ${"i32 f32 ".repeat(n)}))` })) },
  "a long constant expression": {
    text: ofModule((n) => ({
      module: `(global (mut i32) ${"(i32.add (i32.const 1) ".repeat(n)} (i32.const 1) ${")".repeat(n)})`,
    })),
  },
  "custom sections": { text: ofModule((n) => ({ module: times(n, (i) => `(@custom "c${i}" "x")`) })) },
  "custom sections that garbage collection drops": {
    text: ofModule((n) => ({ module: times(n, (i) => `(@custom ".debug_${i}" "x") (func)`) })),
  },
  "name sections": { text: ofModule((n) => ({ module: `(func) ${times(n, () => '(@custom "name" "")')}` })) },
  "names of locals": { text: ofModule((n) => ({ module: `(func ${times(n, (i) => `(local $l${i} i32)`)})` })) },
};

/** `n` core modules, each with a function of its own. */
const modules = (n: number) =>
  times(n, (i) => `(core module $m${i} (func (export "f")) (global (mut i32) (i32.const 0)))`);

/** `n` instances of one core module. */
const instances = (n: number) => `(core module $mm (func (export "f") (result i32) (i32.const 1)))
  ${times(n, (i) => `(core instance $i${i} (instantiate $mm))`)}`;

const aliases = (n: number) => times(n, (i) => `(alias core export $i${i} "f" (core func $f${i}))`);

const TYPE = "(type $t (func (result u32)))";

const lifted = (n: number) => `${TYPE} ${times(n, (i) => `(func $l${i} (type $t) (canon lift (core func $f${i})))`)}`;

export const COMPONENT_INPUTS: Readonly<Record<string, Input>> = {
  "core modules": { text: ofComponent(modules) },
  "exported core modules": {
    text: ofComponent((n) => `${modules(n)} ${times(n, (i) => `(export "m${i}" (core module $m${i}))`)}`),
  },
  "instantiated core modules": {
    text: ofComponent(
      (n) =>
        `${modules(n)} ${times(
          n,
          (i) => `(core instance $i${i} (instantiate $m${i}))
      (func (export "f${i}") (canon lift (core func $i${i} "f")))`,
        )}`,
    ),
    from: 60,
  },
  "instantiated core modules of no use": {
    text: ofComponent((n) => `${modules(n)} ${times(n, (i) => `(core instance (instantiate $m${i}))`)}`),
  },
  "instances of one core module": {
    text: ofComponent(
      (n) => `${instances(n)} ${aliases(n)} ${lifted(n)} ${times(n, (i) => `(export "f${i}" (func $l${i}))`)}`,
    ),
  },
  "instances of no use": { text: ofComponent(instances) },
  "instances of one core module whose state differs": {
    text: (n) => `(component
      (core module $mm (global $g (mut i32) (i32.const 0)) (memory (export "m") 1)
        (func (export "set") (param i32) (global.set $g (local.get 0))) (func (export "get") (result i32) (global.get $g)))
      ${times(n, (i) => `(core instance $i${i} (instantiate $mm))`)}
      (core module $m ${times(n, (i) => `(import "${i}" "set" (func $set${i} (param i32))) (import "${i}" "get" (func $get${i} (result i32)))`)}
        (func (export "init") ${times(n, (i) => `(call $set${i} (i32.const ${i}))`)})
        (func (export "a") (result i32) ${times(n, (i) => `(drop (call $get${i}))`)} (i32.const 7)))
      (core instance $i (instantiate $m ${times(n, (i) => `(with "${i}" (instance $i${i}))`)})) ${LIFTED})`,
    from: 30,
  },
  "exports of a core instance": {
    text: ofComponent(
      (n) => `${instances(1)} ${aliases(1)}
      (core instance $x ${times(n, (i) => `(export "x${i}" (func $f0))`)})
      (core module $user ${times(n, (i) => `(import "g" "x${i}" (func (result i32)))`)} (func (export "b")))
      (core instance $u (instantiate $user (with "g" (instance $x)))) (func (export "b") (canon lift (core func $u "b")))`,
    ),
  },
  "core instances around one export": {
    text: ofComponent(
      (n) => `${instances(1)} ${aliases(1)}
      ${times(n, (i) => `(core instance $x${i} (export "x" (func $f${i}))) (alias core export $x${i} "x" (core func $f${i + 1}))`)}
      ${TYPE} (func (export "b") (type $t) (canon lift (core func $f${n})))`,
    ),
  },
  "core instances that pass a function on into tables": {
    text: (n) => `(component
      (core module $first (func (export "f") (result i32) (i32.const 1)))
      (core instance $i0 (instantiate $first))
      (core module $next (import "g" "f" (func $f (result i32))) (export "f" (func $f)) (table (export "t") 2 funcref) (elem declare func $f)
        (func (export "set") (table.set 0 (i32.const 0) (ref.func $f))))
      ${times(n, (i) => `(core instance $i${i + 1} (instantiate $next (with "g" (instance $i${i}))))`)}
      (core module $m ${times(n, (i) => `(import "${i}" "set" (func $set${i})) (import "${i}" "t" (table $t${i} 2 funcref))`)}
        (func (export "init") ${times(n, (i) => `(call $set${i})`)})
        (func (export "a") (result i32) ${times(n, (i) => `(drop (call_indirect $t${i} (result i32) (i32.const 0)))`)} (i32.const 7)))
      (core instance $i (instantiate $m ${times(n, (i) => `(with "${i}" (instance $i${i + 1}))`)})) ${LIFTED})`,
    from: 50,
  },
  "functions of other instances in tables": {
    text: (n) => `(component
      (core module $table (table (export "t") ${n} funcref))
      (core instance $t (instantiate $table))
      (core module $m (import "g" "t" (table $t ${n} funcref)) ${times(n, (i) => `(func $f${i})`)} (elem declare func ${times(n, (i) => `$f${i}`)})
        (func (export "init") ${times(n, (i) => `(table.set $t (i32.const ${i}) (ref.func $f${i}))`)})
        (func (export "a") (result i32) (call_indirect $t (i32.const 0)) (i32.const 7)))
      (core instance $i (instantiate $m (with "g" (instance $t)))) ${LIFTED})`,
  },
  "functions of other instances in globals": {
    text: (n) => `(component
      (core module $globals ${times(n, (i) => `(global (export "g${i}") (mut funcref) (ref.null func))`)})
      (core instance $g (instantiate $globals))
      (core module $m ${times(n, (i) => `(import "g" "g${i}" (global $g${i} (mut funcref)))`)} ${times(n, (i) => `(func $f${i})`)} (elem declare func ${times(n, (i) => `$f${i}`)})
        (func (export "init") ${times(n, (i) => `(global.set $g${i} (ref.func $f${i}))`)})
        (func (export "a") (result i32) ${times(n, (i) => `(drop (global.get $g${i}))`)} (i32.const 7)))
      (core instance $i (instantiate $m (with "g" (instance $g)))) ${LIFTED})`,
  },
  "types of functions that a table of another instance gets": {
    text: (n) => `(component
      (core module $table (table (export "t") ${n} funcref))
      (core instance $t (instantiate $table))
      (core module $m (import "g" "t" (table $t ${n} funcref))
        ${times(n, (i) => `(type $t${i} (func ${i === 0 ? "" : `(param (ref null $t${i - 1}))`}))`)}
        ${times(n, (i) => `(func $f${i} (type $t${i}))`)} (elem declare func ${times(n, (i) => `$f${i}`)})
        (func (export "init") ${times(n, (i) => `(table.set $t (i32.const ${i}) (ref.func $f${n - 1 - i}))`)})
        (func (export "a") (result i32) (drop (table.get $t (i32.const 0))) (i32.const 7)))
      (core instance $i (instantiate $m (with "g" (instance $t)))) ${LIFTED})`,
  },
  "arguments of a core instance": {
    text: ofComponent(
      (
        n,
      ) => `${instances(n)} (core module $user ${times(n, (i) => `(import "g${i}" "f" (func (result i32)))`)} (func (export "b")))
      (core instance $u (instantiate $user ${times(n, (i) => `(with "g${i}" (instance $i${i}))`)}))
      (func (export "b") (canon lift (core func $u "b")))`,
    ),
  },
  "core types": { text: ofComponent((n) => times(n, (i) => `(core type (func (param ${"i32 ".repeat(i % 3)})))`)) },
  "types of a core recursion group": {
    text: ofComponent(
      (n) => `(core rec ${times(n, (i) => `(type $c${i} (struct (field (ref null $c${(i * 7) % n}))))`)})`,
    ),
  },
  "declarations of a core module type": {
    text: ofComponent(
      (n) =>
        `(core type (module ${times(n, (i) => `(type $t${i} (func)) (import "a" "x${i}" (func (type $t${i}))) (export "y${i}" (func (type $t${i})))`)}))`,
    ),
  },
  "outer core types": {
    text: ofComponent(
      (n) =>
        `(core type $c (func)) (core type (module ${times(n, (i) => `(alias outer 1 $c (type $t${i})) (export "x${i}" (func (type $t${i})))`)}))`,
    ),
  },
  components: { text: ofComponent((n) => times(n, () => "(component)")) },
  "exported components": {
    text: ofComponent((n) => times(n, (i) => `(component $c${i}) (export "c${i}" (component $c${i}))`)),
  },
  "instantiated components": {
    text: ofComponent((n) =>
      times(
        n,
        (i) => `(component $c${i} (core module $x (func (export "f"))) (core instance $y (instantiate $x))
      (func (export "f") (canon lift (core func $y "f")))) (instance $n${i} (instantiate $c${i})) (export "n${i}" (func $n${i} "f"))`,
      ),
    ),
    from: 60,
  },
  "instantiated components of no use": {
    text: ofComponent((n) => times(n, (i) => `(component $c${i}) (instance (instantiate $c${i}))`)),
  },
  "instances of one component": {
    text: ofComponent(
      (n) => `(component $c (core module $x (func (export "f"))) (core instance $y (instantiate $x))
      (func (export "f") (canon lift (core func $y "f"))))
      ${times(n, (i) => `(instance $n${i} (instantiate $c)) (export "n${i}" (func $n${i} "f"))`)}`,
    ),
    from: 60,
  },
  "instances of one component that differ": {
    text: (n) => `(component
      (component $c (core module $x (global $g (mut i32) (i32.const 0)) (func (export "set") (param i32) (global.set $g (local.get 0))) (func (export "get") (result i32) (global.get $g)))
        (core instance $y (instantiate $x))
        (func (export "set") (param "x" u32) (canon lift (core func $y "set"))) (func (export "get") (result u32) (canon lift (core func $y "get"))))
      ${times(n, (i) => `(instance $n${i} (instantiate $c)) (core func $s${i} (canon lower (func $n${i} "set")))`)}
      (core instance $sets ${times(n, (i) => `(export "${i}" (func $s${i}))`)})
      (core module $m ${times(n, (i) => `(import "sets" "${i}" (func $set${i} (param i32)))`)}
        (func (export "init") ${times(n, (i) => `(call $set${i} (i32.const ${i}))`)})
        (func (export "a") (result i32) (i32.const 7)))
      (core instance $i (instantiate $m (with "sets" (instance $sets)))) ${LIFTED} ${times(n, (i) => `(export "g${i}" (func $n${i} "get"))`)})`,
    from: 30,
  },
  "components that each give the next a function": {
    text: ofComponent(
      (n) => `${instances(1)} ${aliases(1)} ${lifted(1)}
      (component $c (import "f" (func $f (result u32))) (export "f" (func $f)))
      (instance $n0 (instantiate $c (with "f" (func $l0))))
      ${times(n, (i) => `(instance $n${i + 1} (instantiate $c (with "f" (func $n${i} "f"))))`)}
      (export "last" (func $n${n} "f"))`,
    ),
    from: 60,
  },
  "arguments of an instance": {
    text: ofComponent(
      (n) => `${instances(1)} ${aliases(1)} ${lifted(1)}
      (component $c ${times(n, (i) => `(import "f${i}" (func $f${i} (result u32)))`)} (export "f" (func $f0)))
      (instance $n (instantiate $c ${times(n, (i) => `(with "f${i}" (func $l0))`)})) (export "f" (func $n "f"))`,
    ),
  },
  "exports of an instance": {
    text: ofComponent(
      (n) => `${instances(1)} ${aliases(1)} ${lifted(1)}
      (instance $x ${times(n, (i) => `(export "x${i}" (func $l0))`)}) (export "x" (instance $x))`,
    ),
  },
  "exports of an instantiated component": {
    text: ofComponent(
      (
        n,
      ) => `(component $c ${instances(1)} ${aliases(1)} ${lifted(1)} ${times(n, (i) => `(export "x${i}" (func $l0))`)})
      (instance $x (instantiate $c)) ${times(n, (i) => `(alias export $x "x${i}" (func $y${i})) (export "y${i}" (func $y${i}))`)}`,
    ),
  },
  "instances around one export": {
    text: ofComponent(
      (n) => `${instances(1)} ${aliases(1)} ${lifted(1)}
      ${times(n, (i) => `(instance $x${i} (export "x" (func $l${i}))) (alias export $x${i} "x" (func $l${i + 1}))`)} (export "b" (func $l${n}))`,
    ),
  },
  "instances within instances": {
    text: ofComponent(
      (n) => `${instances(1)} ${aliases(1)} ${lifted(1)} (instance $x0 (export "x" (func $l0)))
      ${times(n, (i) => `(instance $x${i + 1} (export "x" (instance $x${i})))`)}
      (alias export $x${n} "x" (instance $y${n - 1}))
      ${times(n - 1, (i) => `(alias export $y${n - 1 - i} "x" (instance $y${n - 2 - i}))`)}
      (alias export $y0 "x" (func $z)) (export "b" (func $z))`,
    ),
  },
  "core export aliases": {
    text: ofComponent(
      (n) => `${instances(n)} ${aliases(n)} ${TYPE} (func (export "b") (type $t) (canon lift (core func $f0)))`,
    ),
  },
  "outer aliases": {
    text: ofComponent(
      (n) => `${times(n, (i) => `(type $t${i} (record (field "a" u8)))`)}
      (component $c ${times(n, (i) => `(alias outer 1 $t${i} (type $u${i}))`)} (core module $x (func (export "f"))) (core instance $y (instantiate $x)) (func (export "f") (canon lift (core func $y "f"))))
      (instance $n (instantiate $c)) (instance $o (instantiate $c)) (export "f" (func $n "f"))`,
    ),
  },
  "outer aliases of core modules": {
    text: ofComponent(
      (n) => `${modules(n)}
      (component $c ${times(n, (i) => `(alias outer 1 $m${i} (core module $u${i})) (core instance (instantiate $u${i}))`)})
      (instance (instantiate $c)) (instance (instantiate $c))`,
    ),
    from: 60,
  },
  "outer aliases of components within a copy": {
    text: ofComponent(
      (n) => `${times(n, (i) => `(component $k${i})`)}
      (component $c ${times(n, (i) => `(alias outer 1 $k${i} (component $u${i})) (instance (instantiate $u${i}))`)})
      (instance (instantiate $c)) (instance (instantiate $c))`,
    ),
    from: 60,
  },
  "defined types": { text: ofComponent((n) => times(n, (i) => `(type (list ${i % 2 ? "u8" : "string"}))`)) },
  "types within each other": {
    text: ofComponent(
      (n) => `(type $t0 (list u8)) ${times(n, (i) => `(type $t${i + 1} (list $t${i}))`)} ${instances(1)} ${aliases(1)}
      (core module $libc (memory (export "m") 1) (func (export "r") (param i32 i32 i32 i32) (result i32) unreachable) (func (export "l") (param i32 i32) (result i32) unreachable))
      (core instance $libc (instantiate $libc)) (type $ft (func (param "x" $t${n}) (result u32)))
      (func (export "b") (type $ft) (canon lift (core func $libc "l") (memory (core memory $libc "m")) (realloc (core func $libc "r"))))`,
    ),
    from: 24,
  },
  "equal types in a row": {
    text: ofComponent(
      (n) => `(type $t0 (record (field "a" u8))) ${times(n, (i) => `(export $t${i + 1} "t${i}" (type $t${i}))`)}`,
    ),
  },
  "fields of a record": { text: ofComponent((n) => `(type (record ${times(n, (i) => `(field "f${i}" u8)`)}))`) },
  "cases of a variant": { text: ofComponent((n) => `(type (variant ${times(n, (i) => `(case "f${i}" u8)`)}))`) },
  "labels of an enum": { text: ofComponent((n) => `(type (enum ${times(n, (i) => `"f${i}"`)}))`) },
  "parameters of a function": {
    text: ofComponent(
      (n) => `(type $ft (func ${times(n, (i) => `(param "p${i}" u8)`)} (result u32)))
      (core module $libc (memory (export "m") 1) (func (export "r") (param i32 i32 i32 i32) (result i32) unreachable) (func (export "l") (param i32) (result i32) unreachable))
      (core instance $libc (instantiate $libc))
      (func (export "b") (type $ft) (canon lift (core func $libc "l") (memory (core memory $libc "m")) (realloc (core func $libc "r"))))`,
    ),
  },
  resources: {
    text: ofComponent((n) =>
      times(
        n,
        (i) =>
          `(type $r${i} (resource (rep i32))) (core func (canon resource.new $r${i})) (core func (canon resource.drop $r${i}))`,
      ),
    ),
  },
  "resources that core code drops": {
    text: (
      n,
    ) => `(component ${times(n, (i) => `(type $r${i} (resource (rep i32))) (core func $d${i} (canon resource.drop $r${i}))`)}
      (core instance $d ${times(n, (i) => `(export "d${i}" (func $d${i}))`)})
      (core module $m ${times(n, (i) => `(import "g" "d${i}" (func (param i32)))`)}
        (func (export "init")) (func (export "a") (result i32) (i32.const 7)))
      (core instance $i (instantiate $m (with "g" (instance $d)))) ${LIFTED})`,
  },
  "declarations of an instance type": {
    text: ofComponent(
      (n) => `(type (instance ${times(n, (i) => `(type $t${i} (func)) (export "f${i}" (func (type $t${i})))`)}))`,
    ),
  },
  "declarations of a component type": {
    text: ofComponent(
      (n) =>
        `(type (component ${times(n, (i) => `(type $t${i} (func)) (import "f${i}" (func (type $t${i}))) (export "g${i}" (func (type $t${i})))`)}))`,
    ),
  },
  "lifted functions": {
    text: ofComponent(
      (n) =>
        `${instances(1)} ${aliases(1)} ${TYPE} ${times(n, (i) => `(func (export "x${i}") (type $t) (canon lift (core func $f0)))`)}`,
    ),
  },
  "lifted functions of no use": {
    text: ofComponent(
      (n) => `${instances(1)} ${aliases(1)} ${TYPE} ${times(n, () => "(func (type $t) (canon lift (core func $f0)))")}`,
    ),
  },
  "imported functions that are lowered": {
    text: (
      n,
    ) => `(component ${times(n, (i) => `(import "f${i}" (func $f${i})) (core func $c${i} (canon lower (func $f${i})))`)}
      (core instance $c ${times(n, (i) => `(export "x${i}" (func $c${i}))`)})
      (core module $m ${times(n, (i) => `(import "g" "x${i}" (func $x${i}))`)} (table $t ${n} funcref) (elem declare func ${times(n, (i) => `$x${i}`)})
        (func (export "init") ${times(n, (i) => `(table.set $t (i32.const ${i}) (ref.func $x${i}))`)})
        (func (export "a") (result i32) (call_indirect $t (i32.const 0)) (i32.const 7)))
      (core instance $i (instantiate $m (with "g" (instance $c)))) ${LIFTED})`,
  },
  "start functions": {
    text: ofComponent(
      (n) =>
        `(core module $s (func (export "s"))) (core instance $s (instantiate $s)) (func $sf (canon lift (core func $s "s"))) ${times(n, () => "(start $sf)")}`,
    ),
    from: 60,
  },
  "imports of an instance": {
    text: ofComponent(
      (n) =>
        `(import "x:y/z" (instance $z ${times(n, (i) => `(export "f${i}" (func))`)})) ${times(n, (i) => `(alias export $z "f${i}" (func $z${i}))`)}`,
    ),
  },
  "imported instances": {
    text: ofComponent((n) => times(n, (i) => `(import "x:y/z${i}" (instance (export "f" (func))))`)),
  },
  "imported types": {
    text: ofComponent(
      (n) =>
        `(import "t0" (type $t0 (sub resource))) ${times(n, (i) => `(import "t${i + 1}" (type $t${i + 1} (eq $t${i})))`)}`,
    ),
  },
  "exports in a row": {
    text: ofComponent(
      (n) =>
        `${instances(1)} ${aliases(1)} ${lifted(1)} ${times(n, (i) => `(export $l${i + 1} "x${i}" (func $l${i}))`)}`,
    ),
  },
  "components that nothing calls once the next is collected": {
    text: ofComponent(
      (
        n,
      ) => `(component $c0 (core module $x (func (export "f")) (func (export "live"))) (core instance $y (instantiate $x))
        (func (export "f") (canon lift (core func $y "f"))) (func (export "live") (canon lift (core func $y "live"))))
      (instance $n0 (instantiate $c0))
      ${times(
        n,
        (i) => `(component $c${i + 1} (import "g" (func $g)) (core func $g (canon lower (func $g)))
        (core module $x (import "" "g" (func $g)) (func (export "f") (call $g)) (func (export "live")))
        (core instance $y (instantiate $x (with "" (instance (export "g" (func $g))))))
        (func (export "f") (canon lift (core func $y "f"))) (func (export "live") (canon lift (core func $y "live"))))
        (instance $n${i + 1} (instantiate $c${i + 1} (with "g" (func $n${i} "f"))))
        (export "live${i}" (func $n${i + 1} "live"))`,
      )}`,
    ),
    from: 25,
  },
  "components that instances hand on": {
    text: ofComponent(
      (
        n,
      ) => `(component $c (component $inner (core module $x (func (export "f"))) (core instance $y (instantiate $x)) (func (export "f") (canon lift (core func $y "f"))))
        (export "c" (component $inner)))
      (component $pass (import "c" (component $c)) (export "c" (component $c)))
      (instance $n0 (instantiate $c))
      ${times(n, (i) => `(alias export $n${i} "c" (component $d${i})) (instance $n${i + 1} (instantiate $pass (with "c" (component $d${i}))))`)}
      (alias export $n${n} "c" (component $last)) (instance $l (instantiate $last)) (export "f" (func $l "f"))`,
    ),
    from: 60,
  },
  "core export aliases of no use": {
    text: ofComponent(
      (n) => `(core module $x ${times(n, (i) => `(func (export "f${i}"))`)}) (core instance $y (instantiate $x))
      ${times(n, (i) => `(alias core export $y "f${i}" (core func $f${i}))`)} (func (export "b") (canon lift (core func $f0)))`,
    ),
  },
  "functions of an imported instance": {
    text: (n) => `(component (import "x:y/z" (instance $z ${times(n, (i) => `(export "f${i}" (func))`)}))
      ${times(n, (i) => `(core func $c${i} (canon lower (func $z "f${i}")))`)}
      (core instance $c ${times(n, (i) => `(export "x${i}" (func $c${i}))`)})
      (core module $m ${times(n, (i) => `(import "g" "x${i}" (func $x${i}))`)} (func (export "init")) (func (export "a") (result i32) (i32.const 7)))
      (core instance $i (instantiate $m (with "g" (instance $c)))) ${LIFTED})`,
  },
  "custom sections": { text: ofComponent((n) => times(n, (i) => `(@custom "c${i}" "x")`)) },
  "component-name sections": { text: ofComponent((n) => times(n, () => `(@custom "component-name" "")`)) },
};
