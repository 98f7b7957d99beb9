import { encodeComponent } from "../component/encode.js";
import type { Component } from "../component/model.js";
import { ComponentInitError } from "../errors.js";
import { decodeDefinition } from "../instrument/module.js";
import { encodeModule } from "../module/encode.js";
import type { CoreModule } from "../module/model.js";
import { skeleton } from "../module/skeleton.js";
import type { Rewritten } from "../rewrite/rewrite.js";

/** Whether a component is valid; a failure is thrown. Takes one without function bodies and data. */
export type ComponentValidator = (skeleton: Uint8Array) => Promise<void>;

/**
 * Checks an output before it replaces anything: its core modules with V8, the component around them with `validate`.
 *
 * @throws ComponentInitError `invalid-output`
 */
export async function verify({ component, modules }: Rewritten, validate: ComponentValidator): Promise<void> {
  for (const module of modules.values()) {
    if (!WebAssembly.validate(withoutData(module))) fail("a core module of the output is not valid");
  }
  try {
    await validate(skeletonOf(component, modules));
  } catch (cause) {
    fail(`the output is not a valid component: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

function fail(what: string, cause?: unknown): never {
  throw new ComponentInitError("invalid-output", `${what}; please report this`, { cause });
}

/** The contents of data segments are valid whatever they are, and may be most of the module. */
function withoutData(module: CoreModule): Uint8Array<ArrayBuffer> {
  const copy = module.copy();
  if (copy.data.length > 0) copy.data = copy.data.map(({ mode }) => ({ mode, bytes: new Uint8Array() }));
  return encodeModule(copy).toBytes();
}

/** The same for every snapshot of a component: what V8 has checked already is left out. */
function skeletonOf(component: Component, modules: Rewritten["modules"]): Uint8Array {
  return encodeComponent(component, (definition) => {
    const module = skeleton(modules.get(definition) ?? decodeDefinition(definition));
    if (module.hasDataCount) module.hasDataCount = false;
    if (module.data.length > 0) module.data = [];
    return encodeModule(withSettledMemories(module)).toChunks();
  }).toBytes();
}

/** How far a memory has grown must not matter: importers of it ask for no more than the input had. */
function withSettledMemories(module: CoreModule): CoreModule {
  if (module.memories.length === 0) return module;
  module.memories = module.memories.map((type) => ({ ...type, minimum: type.maximum ?? 65536n }));
  return module;
}
