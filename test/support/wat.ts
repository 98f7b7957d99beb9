import { componentWit, parse, print as printBytes } from "@bytecodealliance/jco-transpile/wasm-tools";
import { decodeComponent } from "../../src/component/decode.js";
import { definitionsOf } from "../../src/component/graph.js";
import type { Component } from "../../src/component/model.js";

/** Assembles the text of a component or a core module. */
export async function wat(text: string): Promise<Uint8Array> {
  return parse(text);
}

export async function print(binary: Uint8Array): Promise<string> {
  return printBytes(binary);
}

/**
 * Throws unless a component is valid. wasm-tools' `componentWit` checks all but function bodies, which V8 checks; what
 * is printed or assembled by the rest of wasm-tools is not checked at all. As a nested component, because the root has to
 * be expressible in WIT.
 */
export async function validate(component: Uint8Array): Promise<void> {
  await componentWit(nest(component));
  for (const [index, module] of (await coreModules(component)).entries()) {
    if (WebAssembly.validate(module as Uint8Array<ArrayBuffer>)) continue;
    // The engine's message says what is wrong and where.
    await WebAssembly.compile(module as Uint8Array<ArrayBuffer>);
    throw new Error(`core module ${index} is invalid`);
  }
}

function nest(component: Uint8Array): Uint8Array {
  const size: number[] = [];
  for (let rest = component.length; ; rest >>>= 7) {
    size.push(rest >= 0x80 ? (rest & 0x7f) | 0x80 : rest);
    if (rest < 0x80) break;
  }
  return Buffer.concat([component.subarray(0, 8), Uint8Array.of(4, ...size), component]);
}

/** The core modules of a component, nested components' included, in the order of the file. */
export async function coreModules(component: Uint8Array): Promise<Uint8Array[]> {
  return modulesIn(decodeComponent(component));
}

function modulesIn(component: Component): Uint8Array[] {
  return definitionsOf(component).flatMap((definition) => {
    if (definition.kind === "component") return modulesIn(definition.component);
    return definition.kind === "core module" ? [Buffer.concat(definition.chunks)] : [];
  });
}

/** What the root of a component exports, as `wasm-tools component wit` shows it. */
export async function wit(component: Uint8Array): Promise<string> {
  return componentWit(component);
}
