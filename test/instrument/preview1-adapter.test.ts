import { describe, expect, test } from "vitest";
import { adapterKind, PREVIEW1_ADAPTER } from "../../src/instrument/preview1-adapter.js";
import { decodeModule } from "../../src/module/decode.js";
import { wat } from "../component/support.js";
import { preview1Adapter } from "../support/libraries.js";

const kindOf = async (text: string, name?: string) => adapterKind(decodeModule(await wat(text), 0), name);

const IMPORTS = `(import "env" "memory" (memory 0))
  (import "__main_module__" "cabi_realloc" (func (param i32 i32 i32 i32) (result i32)))
  (import "wasi:io/streams@0.2.6" "[resource-drop]input-stream" (func (param i32)))`;
const GLOBALS = `(global (mut i32) (i32.const 0)) (global (mut i32) (i32.const 0)) (global (mut i32) (i32.const 0))
  (global $end (export "__heap_base") i32 (i32.const 0))`;
const CLOSE = '(func (export "fd_close") (param i32) (result i32) (i32.const 0x21686775))';
const OTHERS = `(func (export "proc_exit") (param i32)) (func (export "reset_adapter_state"))
  (func (export "cabi_import_realloc") (param i32 i32 i32 i32) (result i32) (unreachable))
  (func (export "wasi:cli/run@0.2.6#run") (result i32) (unreachable))`;
const adapter = (more = "", { imports = IMPORTS, globals = GLOBALS, close = CLOSE } = {}) =>
  `(module ${imports} ${globals} ${close} ${OTHERS} ${more})`;

describe("the adapter from WASI preview 1", () => {
  test("is known", async () => {
    expect(adapterKind(decodeModule(await preview1Adapter(), 0), undefined)).toBe("known");
    expect(await kindOf(adapter())).toBe("known");
  });

  test.each([
    ["has a memory", adapter("", { imports: '(memory (export "m") 1)' })],
    ["has data", adapter('(data (i32.const 0) "a")')],
    ["has elements", adapter("(table 1 funcref) (elem (i32.const 0) $f) (func $f)")],
    ["imports something else", adapter("", { imports: `${IMPORTS} (import "env" "f" (func))` })],
    ["imports a global", adapter("", { imports: `${IMPORTS} (import "__main_module__" "g" (global i32))` })],
    ["imports another version of WASI", adapter("", { imports: IMPORTS.replace("0.2.6", "0.3.0") })],
    ["has another variable", adapter("(global (mut i32) (i32.const 0))")],
    ["has a variable of another type", adapter("", { globals: "(global (mut i64) (i64.const 0))" })],
    ["exports something else", adapter('(func (export "counter") (result i32) (i32.const 0))')],
    ["exports a variable", adapter('(export "g" (global 0))')],
    ["exports one of its own functions with another type", adapter('(func (export "adapter_open_badfd"))')],
    ["exports a function of preview 1 with another type", adapter('(func (export "fd_read") (param i32))')],
  ])("is only similar where it %s", async (_, text) => {
    expect(await kindOf(text)).toBe("similar");
  });

  test("is only similar where its code does not know the state's mark", async () => {
    const text = adapter("", { close: CLOSE.replace("0x21686775", "0x21686776") });
    expect(await kindOf(text, PREVIEW1_ADAPTER)).toBe("similar");
    expect(await kindOf(text, "another")).toBeUndefined();
  });

  test("is nothing that provides no function of preview 1", async () => {
    const close = CLOSE.replace("(param i32) (result i32)", "(result i32)");
    const text = adapter("", { close }).replace('"proc_exit"', '"exit"');
    expect(await kindOf(text, PREVIEW1_ADAPTER)).toBeUndefined();
  });
});
