import { encodeComponent } from "../component/encode.js";
import { wrapped } from "../component/wrap.js";
import { ComponentInitError } from "../errors.js";
import { encodeModule } from "../module/encode.js";
import { skeleton } from "../module/skeleton.js";
import type { Assembled } from "./assemble.js";
import type { Library } from "./library.js";

/** Adapters by the module name that they stand for. */
export type Adapters = Readonly<Record<string, Uint8Array>>;

/** `ns:pkg/iface`, `$root`, `[export]ns:pkg/iface`: what comes from a world. */
const OF_WORLD = /[:$[]/;

/** @throws ComponentInitError `link-failed` */
export function checkAdapters(libraries: readonly Library[], adapters: Adapters): void {
  for (const { name, outside } of libraries) {
    const missing = outside.find(
      (item) => item.module !== "env" && !OF_WORLD.test(item.module) && !Object.hasOwn(adapters, item.module),
    );
    if (missing === undefined) continue;
    fail(
      `${name} imports ${missing.name} of ${missing.module}, which an adapter must provide: give one with ` +
        `--adapt ${missing.module}=FILE`,
    );
  }
}

/** Makes a component of a core module that says what its world is, as `wasm-tools component new` does. */
export async function makeComponent(module: Uint8Array, adapters: Adapters): Promise<Uint8Array> {
  const { componentNew } = await import("@bytecodealliance/jco-transpile/wasm-tools");
  try {
    return await componentNew(module, Object.entries(adapters) as [string, Uint8Array<ArrayBuffer>][]);
  } catch (cause) {
    fail(`no component can be made of the libraries: ${reasonOf(textOf(cause))}`, cause);
  }
}

/**
 * Checks how libraries were put together, not their functions: those are the libraries' own, and an engine's to check.
 *
 * @throws ComponentInitError `link-failed`
 */
export async function checkLinked({ component, modules }: Assembled): Promise<void> {
  const { componentWit } = await import("@bytecodealliance/jco-transpile/wasm-tools");
  const bytes = encodeComponent(component, (definition) => {
    const module = modules.get(definition);
    return module === undefined ? definition.chunks : encodeModule(skeleton(module)).toChunks();
  });
  try {
    await componentWit(wrapped(bytes.toBytes()));
  } catch (cause) {
    fail(`the libraries do not fit together: ${reasonOf(textOf(cause))}`, cause);
  }
}

function textOf(cause: unknown): string {
  const { payload } = cause as { payload?: unknown };
  return typeof payload === "string" ? payload : (cause as Error).message;
}

/** wit-component says what it was doing, and below that why it failed, from the outside in. */
function reasonOf(text: string): string {
  const innermost =
    text
      .trimEnd()
      .split("\n")
      .at(-1)
      ?.replace(/^\s*(\d+: |\$)?/, "") ?? text;
  if (/export a function named `cabi_realloc`/.test(innermost)) {
    return "no library exports cabi_realloc, with which strings and lists are passed";
  }
  const unknown = /^module requires an import interface named `(.*)`$/.exec(innermost)?.[1];
  return unknown === undefined ? innermost : `they import ${unknown}, and none of their worlds does`;
}

function fail(message: string, cause?: unknown): never {
  throw new ComponentInitError("link-failed", message, { cause });
}
