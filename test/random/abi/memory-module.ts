import type { Prng } from "../prng.js";
import type { FaultSource } from "./faults.js";
import type { Pointer } from "./shapes.js";
import { StaticData } from "./values.js";

/** What is logged ends here, and the heap starts. */
const LOG_END = 0x30000;
const PAGES = 4;

/**
 * The module with the memory of a component: its `realloc`, which notes how it is called, what notes anything else, and
 * what reads all of that.
 *
 * - `log`: everything, addresses included; for an engine that does the same.
 * - `seen`: values only; they are the same wherever they lie.
 */
export function memoryModule(pointer: Pointer, data: StaticData, random: Prng, faults: FaultSource): string {
  const address = (i32: string) => (pointer === "i32" ? i32 : `(i64.extend_i32_u ${i32})`);
  const wide = (value: string) => (pointer === "i32" ? `(i64.extend_i32_u ${value})` : value);
  const c = (value: number) => `(${pointer}.const ${value})`;
  // Of some, the memory has to grow soon, in the middle of a call.
  const heapStart = random.pick([LOG_END, PAGES * 65536 - 24, PAGES * 65536 - 160, PAGES * 65536 - 1024]);
  return `(memory (export "memory") ${pointer === "i64" ? "i64 " : ""}${PAGES})
    (table (export "hooks") 3 funcref)
    (type $hook (func))
    (global $heap (mut ${pointer}) ${c(heapStart)})
    (global $last (mut ${pointer}) ${c(0)})
    (global $logged (mut i32) (i32.const ${StaticData.END}))
    (global $count (mut i64) (i64.const 0))
    (global $seen (mut i64) (i64.const 0))
    (func $mix (param $h i64) (param $v i64) (result i64)
      (i64.mul (i64.rotl (i64.xor (local.get $h) (local.get $v)) (i64.const 29)) (i64.const 0x9e3779b97f4a7c15)))
    (func $log (export "log") (param $v i64)
      (global.set $count (call $mix (global.get $count) (local.get $v)))
      (if (i32.lt_u (global.get $logged) (i32.const ${LOG_END})) (then
        (i64.store ${address("(global.get $logged)")} (local.get $v))
        (global.set $logged (i32.add (global.get $logged) (i32.const 8))))))
    (func $see (export "see") (param $v i64)
      (call $log (local.get $v))
      (global.set $seen (call $mix (global.get $seen) (local.get $v))))
    (func (export "bytes") (param $p ${pointer}) (param $n ${pointer})
      (call $see ${wide("(local.get $n)")})
      (block $done (loop $more
        (br_if $done (${pointer}.eqz (local.get $n)))
        (call $see (i64.load8_u (local.get $p)))
        (local.set $p (${pointer}.add (local.get $p) ${c(1)}))
        (local.set $n (${pointer}.sub (local.get $n) ${c(1)}))
        (br $more))))
    ${reallocFunction(pointer, random, faults)}
    (func (export "dtor") (param $rep i32)
      (call $see (i64.const 0xd703))
      (call $see (i64.extend_i32_u (local.get $rep)))
      (if (i32.eqz (ref.is_null (table.get (i32.const 1)))) (then (call_indirect (type $hook) (i32.const 1)))))
    (func (export "seen-digest") (result i64) (global.get $seen))
    (func (export "word") (param $i i32) (result i64) (i64.load ${address("(i32.mul (local.get $i) (i32.const 8))")}))
    (func (export "digest") (result i64) (local $h i64) (local $i ${pointer}) (local $w i64)
      (local.set $h (call $mix (global.get $count) (i64.extend_i32_u (global.get $logged))))
      (local.set $h (call $mix (local.get $h) ${wide("(memory.size)")}))
      (block $done (loop $more
        (br_if $done (${pointer}.ge_u (local.get $i) (${pointer}.mul (memory.size) ${c(65536)})))
        (local.set $w (i64.load (local.get $i)))
        (if (i64.ne (local.get $w) (i64.const 0)) (then
          (local.set $h (call $mix (call $mix (local.get $h) ${wide("(local.get $i)")}) (local.get $w)))))
        (local.set $i (${pointer}.add (local.get $i) ${c(8)}))
        (br $more)))
      (local.get $h))
    ${data.segment(pointer)}`;
}

/**
 * CanonicalABI.md, `store_probably_utf16_to_latin1_or_utf16`, asks for an alignment of 1 when what was UTF-16 has become
 * Latin-1. Wasmtime asks for 2 there, and the tool for what the specification says.
 */
function withAlignmentOfTwo(pointer: Pointer): string {
  const c = (value: number) => `(${pointer}.const ${value})`;
  const get = (name: string) => `(local.get $${name})`;
  const isHalf = `(${pointer}.eq (${pointer}.shl ${get("size")} ${c(1)}) ${get("oldSize")})`;
  return `(if (i32.and (${pointer}.ne ${get("old")} ${c(0)}) (i32.and (${pointer}.eq ${get("align")} ${c(1)}) ${isHalf}))
        (then (local.set $align ${c(2)})))`;
}

/** Wasmtime leaves bytes that it does not need in the end behind what has become smaller. */
function withoutScratch(pointer: Pointer): string {
  const get = (name: string) => `(local.get $${name})`;
  return `(if (${pointer}.lt_u ${get("size")} ${get("oldSize")}) (then
        (memory.fill (${pointer}.add ${get("old")} ${get("size")}) (i32.const 0)
          (${pointer}.sub ${get("oldSize")} ${get("size")}))))`;
}

/** Some move what they make smaller or larger and some do not; some leave gaps. None gives an address twice. */
function reallocFunction(pointer: Pointer, random: Prng, faults: FaultSource): string {
  const c = (value: number) => `(${pointer}.const ${value})`;
  const get = (name: string) => `(local.get $${name})`;
  const wide = (value: string) => (pointer === "i32" ? `(i64.extend_i32_u ${value})` : value);
  const shrinksInPlace = random.chance(0.5);
  const growsInPlace = random.chance(0.3);
  const gap = random.pick([0, 0, 1, 3, 8, 24]);
  const log = (value: string) => `(call $log ${wide(value)})`;
  const keep = `(call $log (i64.const 1)) (return ${get("old")})`;
  const wrong = [
    faults.here("realloc misaligned", 0.5) &&
      `(if (${pointer}.gt_u ${get("align")} ${c(1)}) (then (return (${pointer}.add ${get("p")} ${c(1)}))))`,
    faults.here("realloc out of bounds", 0.5) &&
      `(if (${pointer}.ne ${get("size")} ${c(0)}) (then (return (${pointer}.and ${c(0x7fff_fff0)} (${pointer}.sub ${c(0)} ${get("align")})))))`,
  ];
  return `(func (export "realloc") (param $old ${pointer}) (param $oldSize ${pointer}) (param $align ${pointer}) (param $size ${pointer})
        (result ${pointer}) (local $p ${pointer})
      ${withAlignmentOfTwo(pointer)}
      (call $log (i64.const 0xa110c))
      ${["old", "oldSize", "align", "size"].map((name) => log(get(name))).join(" ")}
      (if (i32.eqz (ref.is_null (table.get (i32.const 0)))) (then (call_indirect (type $hook) (i32.const 0))))
      ${withoutScratch(pointer)}
      (if (${pointer}.ne ${get("old")} ${c(0)}) (then
        (if (${pointer}.eqz (${pointer}.rem_u ${get("old")} ${get("align")})) (then
          ${shrinksInPlace ? `(if (${pointer}.le_u ${get("size")} ${get("oldSize")}) (then ${keep}))` : ""}
          ${
            growsInPlace
              ? `(if (${pointer}.eq ${get("old")} (global.get $last)) (then
            (if (${pointer}.gt_u ${get("size")} ${get("oldSize")}) (then
              (call $reserve (${pointer}.add ${get("old")} ${get("size")})) ${keep}))))`
              : ""
          }))))
      (local.set $p (${pointer}.and
        (${pointer}.add (${pointer}.add (global.get $heap) ${c(gap)}) (${pointer}.sub ${get("align")} ${c(1)}))
        (${pointer}.sub ${c(0)} ${get("align")})))
      (call $reserve (${pointer}.add ${get("p")} ${get("size")}))
      (global.set $last ${get("p")})
      (memory.copy ${get("p")} ${get("old")}
        (select ${get("oldSize")} ${get("size")} (${pointer}.lt_u ${get("oldSize")} ${get("size")})))
      ${log(get("p"))}
      ${wrong.filter((one) => one !== false).join("\n")}
      ${get("p")})
    (func $reserve (param $end ${pointer})
      (if (${pointer}.gt_u ${get("end")} (${pointer}.mul (memory.size) ${c(65536)}))
        (then (if (${pointer}.eq (memory.grow (${pointer}.add ${c(1)} (${pointer}.div_u
          (${pointer}.sub ${get("end")} (${pointer}.mul (memory.size) ${c(65536)})) ${c(65536)}))) ${c(-1)}) (then unreachable))))
      (global.set $heap ${get("end")}))`;
}
