import { encodeComponent } from "../component/encode.js";
import { wrapped } from "../component/wrap.js";
import { ComponentInitError } from "../errors.js";
import type { JcoThread } from "../jco/jco-thread.js";
import { encodeModule } from "../module/encode.js";
import { skeleton } from "../module/skeleton.js";
import type { Assembled } from "./assemble.js";
import type { Library } from "./library.js";
import { worldImports } from "./worlds.js";

/** Adapters by the module name that they stand for. */
export type Adapters = Readonly<Record<string, Uint8Array>>;

/** `ns:pkg/iface`, `$root`, `[export]ns:pkg/iface`: what comes from a world, in which interfaces can also have plain names. */
const OF_WORLD = /[:$[]/;

/** @throws ComponentInitError `link-failed` */
export function checkAdapters(libraries: readonly Library[], adapters: Adapters): void {
  const imported = new Set(libraries.flatMap(worldImports));
  for (const { name, outside } of libraries) {
    const missing = outside.find(({ module }) => {
      const isOfWorld = module === "env" || OF_WORLD.test(module) || imported.has(module);
      return !isOfWorld && !Object.hasOwn(adapters, module);
    });
    if (missing === undefined) continue;
    fail(
      `${name} imports ${missing.name} of ${missing.module}, which an adapter must provide: give one with ` +
        `--adapt ${missing.module}=FILE`,
    );
  }
}

/** Makes a component of a core module that says what its world is, as `wasm-tools component new` does. */
export async function makeComponent(module: Uint8Array, adapters: Adapters, jco: JcoThread): Promise<Uint8Array> {
  const made = await jco.componentNew(module, Object.entries(adapters));
  return made instanceof Uint8Array ? made : fail(`no component can be made of the libraries: ${reasonOf(made.error)}`);
}

/**
 * Checks how libraries were put together, not their functions: those are the libraries' own, and an engine's to check.
 *
 * @throws ComponentInitError `link-failed`
 */
export async function checkLinked({ component, modules }: Assembled, jco: JcoThread): Promise<void> {
  const bytes = encodeComponent(component, (definition) => {
    const appended = modules.get(definition);
    if (appended === undefined) return definition.chunks;
    const shape = skeleton(appended.module);
    // Of tens of thousands most are only there to be opened.
    shape.exports = shape.exports.filter(({ name }) => appended.used.has(name));
    return encodeModule(shape).toChunks();
  });
  const problem = await jco.validate(wrapped(bytes.toBytes()));
  if (problem !== undefined) fail(`the libraries do not fit together: ${reasonOf(problem)}`);
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
  const [, what, limit] = /(\w+) count exceeds limit of (\d+)/.exec(innermost) ?? [];
  if (what !== undefined) return `they come to more than ${limit} ${what}, which no component can have`;
  const unknown = /^module requires an import interface named `(.*)`$/.exec(innermost)?.[1];
  return unknown === undefined ? innermost : `they import ${unknown}, and none of their worlds does`;
}

function fail(message: string): never {
  throw new ComponentInitError("link-failed", message);
}
