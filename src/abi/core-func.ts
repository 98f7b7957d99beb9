import { ByteWriter } from "../binary/writer.js";
import type { CoreFuncType, CoreType, WasmFunction } from "./core-types.js";

const BYTE_OF: Readonly<Record<CoreType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c };

/** Toolchains need a few dozen types; a guest can have any number, and a process many guests. */
const MAX_MODULES = 1000;
const modules = new Map<string, WebAssembly.Module>();

function moduleOf(kind: string, type: CoreFuncType, encode: (type: CoreFuncType) => Uint8Array<ArrayBuffer>) {
  const key = `${kind} ${type.params.join()}>${type.results.join()}`;
  let module = modules.get(key);
  if (module === undefined) {
    if (modules.size === MAX_MODULES) modules.clear();
    modules.set(key, (module = new WebAssembly.Module(encode(type))));
  }
  return module;
}

/**
 * A WebAssembly function around one of JavaScript: a guest that puts it into a table or compares it finds one function, of
 * the type that it has. An import that is exported again costs no call of its own.
 */
export function coreFunction(type: CoreFuncType, implementation: WebAssembly.ImportValue): WasmFunction {
  const module = moduleOf("plain", type, reexporting);
  const { exports } = new WebAssembly.Instance(module, { "": { "": implementation } });
  return exports[""] as WasmFunction;
}

/**
 * The same for a function that can wait: `check` is called before, where the engine may still refuse to wait, because what
 * it throws is the guest's fault and has to be known.
 */
export function checkedCoreFunction(
  type: CoreFuncType,
  check: () => void,
  implementation: WebAssembly.ImportValue,
): WasmFunction {
  const module = moduleOf("checked", type, checking);
  const { exports } = new WebAssembly.Instance(module, { "": { check, "": implementation } });
  return exports[""] as WasmFunction;
}

const HEADER = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);
const FUNC = 0x00;

function funcType({ params, results }: CoreFuncType): Uint8Array {
  const writer = new ByteWriter().u8(0x60);
  writer.vec(params, (one) => writer.u8(BYTE_OF[one]));
  writer.vec(results, (one) => writer.u8(BYTE_OF[one]));
  return writer.toBytes();
}

function reexporting(type: CoreFuncType): Uint8Array<ArrayBuffer> {
  return new ByteWriter()
    .bytes(HEADER)
    .section(1, new ByteWriter().u32(1).bytes(funcType(type)))
    .section(2, new ByteWriter().u32(1).name("").name("").u8(FUNC).u32(0))
    .section(7, new ByteWriter().u32(1).name("").u8(FUNC).u32(0))
    .toBytes();
}

/** `call $check`, then the parameters go on. */
function checking(type: CoreFuncType): Uint8Array<ArrayBuffer> {
  const body = new ByteWriter().u32(0).u8(0x10).u32(0);
  for (const index of type.params.keys()) body.u8(0x20).u32(index);
  body.u8(0x10).u32(1).u8(0x0b);
  const noType = funcType({ params: [], results: [] });
  return new ByteWriter()
    .bytes(HEADER)
    .section(1, new ByteWriter().u32(2).bytes(noType).bytes(funcType(type)))
    .section(2, new ByteWriter().u32(2).name("").name("check").u8(FUNC).u32(0).name("").name("").u8(FUNC).u32(1))
    .section(3, new ByteWriter().u32(1).u32(1))
    .section(7, new ByteWriter().u32(1).name("").u8(FUNC).u32(2))
    .section(10, new ByteWriter().u32(1).u32(body.length).bytes(body.toBytes()))
    .toBytes();
}
