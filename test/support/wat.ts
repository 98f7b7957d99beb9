import { generate, $init as initBindgen } from "@bytecodealliance/jco-transpile/component";
import { componentWit, parse, print as printBytes } from "@bytecodealliance/jco-transpile/wasm-tools";

/** Assembles the text of a component or a core module. */
export async function wat(text: string): Promise<Uint8Array> {
  return parse(text);
}

export async function print(binary: Uint8Array): Promise<string> {
  return printBytes(binary);
}

/**
 * Throws unless a component is valid. wasm-tools' `componentWit` checks all but function bodies, which V8 checks; what
 * is printed or assembled by the rest of wasm-tools is not checked at all.
 */
export async function validate(component: Uint8Array): Promise<void> {
  await componentWit(component);
  for (const [index, module] of (await coreModules(component)).entries()) {
    if (WebAssembly.validate(module as Uint8Array<ArrayBuffer>)) continue;
    // The engine's message says what is wrong and where.
    await WebAssembly.compile(module as Uint8Array<ArrayBuffer>);
    throw new Error(`core module ${index} is invalid`);
  }
}

/** The core modules of a component, nested components' included, in the order of the file. */
export async function coreModules(component: Uint8Array): Promise<Uint8Array[]> {
  await initBindgen;
  const { files } = generate(component, {
    name: "c",
    instantiation: { tag: "async" },
    multiMemory: true,
    noTypescript: true,
    bindgenEnableWasmExnref: true,
    base64Cutoff: 0,
  });
  const number = (name: string) => Number(/\.core(\d*)\.wasm$/.exec(name)?.[1] || 1);
  return files
    .filter(([name]) => name.endsWith(".wasm"))
    .sort(([a], [b]) => number(a) - number(b))
    .map(([, bytes]) => bytes);
}

/** What the root of a component exports, as `wasm-tools component wit` shows it. */
export async function wit(component: Uint8Array): Promise<string> {
  return componentWit(component);
}
