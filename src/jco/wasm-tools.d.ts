/**
 * What is used of the wasm-tools that jco brings as WebAssembly. `bundle.mjs` puts it into the package, because jco's own
 * package brings much else.
 */

/** The binary form of WebAssembly text. @throws Error what is wrong with it */
export function parse(text: string): Promise<Uint8Array>;

/** The world of a component; reading it validates all but function bodies. */
export function componentWit(component: Uint8Array): Promise<string>;

/** Makes a component of a core module that says what its world is, as `wasm-tools component new` does. */
export function componentNew(module: Uint8Array, adapters: [name: string, bytes: Uint8Array][]): Promise<Uint8Array>;
