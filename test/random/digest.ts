import { bitsOf } from "./constants.js";
import { type GlobalItem, isRef, type MemoryItem, type TableItem } from "./module-model.js";

/** Instructions on indices of a memory or a table, of which some have 64 bits. */
export function indexType(item: { readonly is64: boolean }): "i32" | "i64" {
  return item.is64 ? "i64" : "i32";
}

function asI64(item: { readonly is64: boolean }, value: string): string {
  return item.is64 ? value : `(i64.extend_i32_u ${value})`;
}

function asIndex(item: { readonly is64: boolean }, value: string): string {
  return item.is64 ? value : `(i32.wrap_i64 ${value})`;
}

const MIX = `(func $mix (param $h i64) (param $v i64) (result i64)
    (i64.mul (i64.rotl (i64.xor (local.get $h) (local.get $v)) (i64.const 29)) (i64.const 0x9e3779b97f4a7c15)))`;

function mix(value: string): string {
  return `(local.set $h (call $mix (local.get $h) ${value}))`;
}

/** Size and all words that are not zero; of an imported memory, which its own module hashes, only the start. */
function hashMemory(memory: MemoryItem, number: number): string {
  const { id } = memory;
  const size = asI64(memory, `(memory.size ${id})`);
  const all = `(i64.mul ${size} (i64.const 65536))`;
  const end = memory.imported ? `(select ${all} (i64.const 2048) (i64.lt_u ${all} (i64.const 2048)))` : all;
  return `${mix(size)}
    (local.set $i (i64.const 0))
    (block $done${number} (loop $more${number}
      (br_if $done${number} (i64.ge_u (local.get $i) ${end}))
      (local.set $w (i64.load ${id} ${asIndex(memory, "(local.get $i)")}))
      (if (i64.ne (local.get $w) (i64.const 0)) (then ${mix("(local.get $i)")} ${mix("(local.get $w)")}))
      (local.set $i (i64.add (local.get $i) (i64.const 8)))
      (br $more${number})))`;
}

/** Size, and what each entry returns when it is called. */
function hashTable(table: TableItem, number: number): string {
  const { id } = table;
  const index = asIndex(table, "(local.get $i)");
  return `${mix(asI64(table, `(table.size ${id})`))}
    (local.set $i (i64.const 0))
    (block $end${number} (loop $next${number}
      (br_if $end${number} (i64.ge_u (local.get $i) ${asI64(table, `(table.size ${id})`)}))
      (if (ref.is_null (table.get ${id} ${index}))
        (then ${mix("(i64.const 7)")})
        (else ${mix(`(i64.extend_i32_u (call_indirect ${id} (type $tag) ${index}))`)}))
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (br $next${number})))`;
}

/** The scratch table is there to call what a funcref global holds; it is empty before and afterwards. */
export const SCRATCH = "$scratch";

export function callReference(reference: string, type: string, useCast: boolean): string {
  if (type !== "funcref") return `(call_ref $tag ${reference})`;
  if (useCast) return `(call_ref $tag (ref.cast (ref $tag) ${reference}))`;
  return `(call $call_funcref ${reference})`;
}

const CALL_FUNCREF = `(func $call_funcref (param $f funcref) (result i32) (local $r i32)
    (table.set ${SCRATCH} (i32.const 0) (local.get $f))
    (local.set $r (call_indirect ${SCRATCH} (type $tag) (i32.const 0)))
    (table.set ${SCRATCH} (i32.const 0) (ref.null func))
    (local.get $r))`;

function hashGlobal({ id, value }: GlobalItem, useCast: boolean): string {
  const get = `(global.get ${id})`;
  if (!isRef(value)) return mix(bitsOf(value, get));
  const called = mix(`(i64.extend_i32_u ${callReference(get, value, useCast)})`);
  return `(if (ref.is_null ${get}) (then ${mix("(i64.const 11)")}) (else ${called}))`;
}

/** Functions that everything needs to be observed, and `digest`, which hashes all that a module can see. */
export function observers(
  memories: readonly MemoryItem[],
  tables: readonly TableItem[],
  globals: readonly GlobalItem[],
  useCast: boolean,
): string {
  const parts = [
    ...memories.map(hashMemory),
    ...tables.map(hashTable),
    ...globals.map((global) => hashGlobal(global, useCast)),
  ];
  return `${MIX}
  ${useCast ? "" : CALL_FUNCREF}
  (func (export "digest") (result i64) (local $h i64) (local $i i64) (local $w i64)
    ${parts.join("\n    ")}
    (local.get $h))`;
}
