import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { decodeComponent } from "../../src/component/decode.js";
import { encodeComponent } from "../../src/component/encode.js";
import type { Component } from "../../src/component/model.js";

export const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];

/** The bytes of a component from its sections' ids and contents, for what no assembler would write. */
export function componentOf(...sections: readonly (readonly [id: number, ...contents: number[]])[]): Uint8Array {
  return new Uint8Array([
    ...HEADER,
    ...sections.flatMap(([id, ...contents]) => [id, ...leb(contents.length), ...contents]),
  ]);
}

export function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(Math.floor(value / 0x80))];
}

/** A copy with a buffer of its own: what wasm-tools returns may be a view of its memory. */
export async function wat(text: string): Promise<Uint8Array> {
  return new Uint8Array(await parse(text));
}

export async function decodeText(text: string): Promise<Component> {
  return decodeComponent(await wat(text));
}

export function roundTrip(bytes: Uint8Array): Uint8Array {
  return encodeComponent(decodeComponent(bytes)).toBytes();
}
