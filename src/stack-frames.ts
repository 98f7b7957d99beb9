/** The message and the frames of a stack as V8 writes it. A name in one can have line ends, and is still in one. */
export function stackParts(stack: string): string[] {
  return stack.split(/\n(?= {4}at )/);
}

export function stackFrames(stack: string): string[] {
  return stackParts(stack).filter((part) => part.startsWith(AT));
}

/** A frame of WebAssembly. */
export interface WasmFrame {
  /** Of the function, if its module tells: behind the module's and a dot where that has one. */
  readonly name: string | undefined;
  readonly module: string | undefined;
  /** The function's index. */
  readonly func: string;
  /** In the module, in hexadecimal digits. */
  readonly offset: string;
}

const AT = "    at ";
const SCRIPT = "wasm://wasm/";

/**
 * V8 writes `at main.func (wasm://wasm/main-0a1b2c3d:wasm-function[12]:0x345)`; without a function's name `at main`, and
 * without the module's `at wasm://wasm/0a1b2c3d:wasm-function[12]:0x345`. It is read from its end, because names can be anything.
 */
export function parseWasmFrame(frame: string): WasmFrame | undefined {
  const place = /:wasm-function\[(\d+)\]:(0x[0-9a-f]+)\)?$/.exec(frame);
  const script = frame.lastIndexOf(SCRIPT, place?.index);
  if (place === null || script < 0) return undefined;
  const [, func = "", offset = ""] = place;
  const shown = frame.slice(AT.length, script);
  const title = frame.slice(script + SCRIPT.length, place.index);
  const module = title.includes("-") ? title.slice(0, title.lastIndexOf("-")) : undefined;
  const name = shown.endsWith(" (") ? shown.slice(0, -2) : undefined;
  return { name: name === module ? undefined : name, module, func, offset };
}
