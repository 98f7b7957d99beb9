/** How functions are lowered, in the text format. */
export interface LoweringOptions {
  readonly encoding?: "utf8" | "utf16" | "latin1+utf16";
  readonly is64?: boolean;
  /** The body of an exported function `raw` without parameters, with a result `i32`; it calls `$open` and the like. */
  readonly raw?: string;
  /** The body of `realloc`, whose parameters are `$old`, `$old_size`, `$align` and `$size`. */
  readonly realloc?: string;
  /** What is in memory, and so on: fields of the core module. */
  readonly fields?: string;
}

/** What a component has to say of `component-init:dlopen/dl` to import it. */
export const DL_TYPE = `(type $dl (instance
    (type $flags' (flags "no-load" "global" "no-delete"))
    (export "open-flags" (type $flags (eq $flags')))
    ${functionsOf("$flags")
      .map(({ name, type }) => `(export "${name}" (func ${type}))`)
      .join("\n    ")}))`;

/** The interface that {@link dlCaller} exports. */
export const DL_CALLS = "test:dl/calls";

const FUNCTIONS = ["open", "open-bytes", "symbol", "close"] as const;

/**
 * A component in text that exports the functions of the interface, and calls those that it imports in core code: so whatever it is
 * told is what was lowered. Answers are at 64.
 */
export function dlCaller(options: LoweringOptions = {}): string {
  const { encoding = "utf8", is64 = false, raw = "(i32.const 0)", fields = "" } = options;
  const p = is64 ? "i64" : "i32";
  const { realloc = allocate(p) } = options;
  const canonical = `(memory (core memory $m "memory")) (realloc (core func $m "realloc")) string-encoding=${encoding}`;
  const lowered = FUNCTIONS.map((name) => `(core func $${name} (canon lower (func $dl "${name}") ${canonical}))`);
  return `(component
    ${DL_TYPE}
    (import "component-init:dlopen/dl@0.1.0" (instance $dl (type $dl)))
    (core module $memory
      (memory (export "memory") ${is64 ? "i64" : ""} 16)
      (table (export "table") 1 funcref)
      (type $call (func))
      (global $end (mut ${p}) (${p}.const 1024))
      (func (export "realloc") (param $old ${p}) (param $old_size ${p}) (param $align ${p}) (param $size ${p}) (result ${p})
        ${realloc}))
    (core instance $m (instantiate $memory))
    ${lowered.join("\n    ")}
    ${driver(p, raw, fields)}
    (core instance $d (instantiate $driver (with "m" (instance $m)) (with "dl" (instance
      ${FUNCTIONS.map((name) => `(export "${name}" (func $${name}))`).join(" ")}))))
    ${exported(canonical)}
    (func $raw (result u32) (canon lift (core func $d "raw")))
    (export "raw" (func $raw)))`;
}

function allocate(p: string): string {
  return `(if (i32.and (${p}.ne (local.get $old) (${p}.const 0)) (${p}.le_u (local.get $size) (local.get $old_size)))
          (then (return (local.get $old))))
        (global.set $end (${p}.and (${p}.add (global.get $end) (${p}.const 7)) (${p}.const -8)))
        (global.set $end (${p}.add (global.get $end) (local.get $size)))
        (memory.copy (${p}.sub (global.get $end) (local.get $size)) (local.get $old) (local.get $old_size))
        (${p}.sub (global.get $end) (local.get $size))`;
}

/** Calls with what it is called with, and gives where the answer is. */
function driver(p: string, raw: string, fields: string): string {
  const types = {
    open: `${p} ${p} i32`,
    "open-bytes": `${p} ${p} ${p} ${p} i32`,
    symbol: `i32 ${p} ${p}`,
    close: "i32",
  };
  const imported = FUNCTIONS.map((name) => `(import "dl" "${name}" (func $${name} (param ${types[name]} ${p})))`);
  const passing = FUNCTIONS.map((name) => {
    const params = types[name].split(" ").map((_, i) => `(local.get ${i})`);
    return `(func (export "${name}") (param ${types[name]}) (result ${p})
        (call $${name} ${params.join(" ")} (${p}.const 64)) (${p}.const 64))`;
  });
  return `(core module $driver
      (import "m" "memory" (memory ${p === "i64" ? "i64" : ""} 0))
      (import "m" "table" (table $table 1 funcref))
      ${imported.join("\n      ")}
      ${passing.join("\n      ")}
      ${fields}
      (func (export "raw") (result i32) ${raw}))`;
}

/** As wit-component exports an interface. */
function exported(canonical: string): string {
  const lifted = functionsOf("$flags'").map(
    ({ name, type }) => `(func $${name}' ${type} (canon lift (core func $d "${name}") ${canonical}))`,
  );
  const imports = functionsOf("$flags").map(({ name, type }) => `(import "${name}" (func $${name} ${type}))`);
  const exports = functionsOf("$exported").map(({ name, type }) => `(export "${name}" (func $${name}) (func ${type}))`);
  return `(type $flags' (flags "no-load" "global" "no-delete"))
    ${lifted.join("\n    ")}
    (component $interface
      (type $flags'' (flags "no-load" "global" "no-delete"))
      (import "open-flags" (type $flags (eq $flags'')))
      ${imports.join("\n      ")}
      (export $exported "open-flags" (type $flags))
      ${exports.join("\n      ")})
    (instance $i (instantiate $interface (with "open-flags" (type $flags'))
      ${FUNCTIONS.map((name) => `(with "${name}" (func $${name}'))`).join(" ")}))
    (export "${DL_CALLS}" (instance $i))`;
}

function functionsOf(flags: string): { readonly name: string; readonly type: string }[] {
  const handle = "(result (result u32 (error string)))";
  return [
    { name: "open", type: `(param "name" string) (param "flags" ${flags}) ${handle}` },
    { name: "open-bytes", type: `(param "name" string) (param "bytes" (list u8)) (param "flags" ${flags}) ${handle}` },
    { name: "symbol", type: `(param "library" u32) (param "name" string) ${handle}` },
    { name: "close", type: '(param "library" u32) (result (result (error string)))' },
  ];
}
