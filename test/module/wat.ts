import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { decodeModule } from "../../src/module/decode.js";
import type { CoreModule } from "../../src/module/model.js";

/** A copy with a buffer of its own: what wasm-tools returns may be a view of its memory. */
export async function wat(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await parse(text));
}

export async function moduleOf(text: string): Promise<CoreModule> {
  return decodeModule(await wat(text));
}
