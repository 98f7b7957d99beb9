import { definitionsOf } from "../component/graph.js";
import type { Component, CoreModuleDefinition } from "../component/model.js";
import { encodeModule } from "../module/encode.js";
import { decodeDefinition } from "./module.js";

/**
 * jco writes names of core imports and exports into JavaScript as they are, between quotes or as identifiers: a guest
 * must not write code there. Others are what toolchains use.
 */
const SAFE = /^(?!component-init:name:|__proto__$)[\w .:$@#/<>[\]=+!-]*$/;

/** The name that stands for one in the component that is run; different ones for different names. */
export function safeCoreName(name: string): string {
  return SAFE.test(name) ? name : `component-init:name:${Buffer.from(name).toString("hex")}`;
}

/**
 * Gives core imports and exports names that bindings can have in them, in core modules and wherever the component and
 * those nested in it refer to them.
 *
 * @returns whether there was anything to rename
 */
export function renameCoreItems(component: Component): boolean {
  let renamed = false;
  const rename = (name: string): string => {
    const safe = safeCoreName(name);
    if (safe !== name) renamed = true;
    return safe;
  };
  for (const definition of definitionsOf(component)) {
    switch (definition.kind) {
      case "component":
        renamed = renameCoreItems(definition.component) || renamed;
        break;
      case "core module":
        renamed = renameModuleItems(definition) || renamed;
        break;
      case "core instantiation":
        definition.args = definition.args.map((arg) => ({ ...arg, name: rename(arg.name) }));
        break;
      case "core inline exports":
        definition.exports = definition.exports.map((item) => ({ ...item, name: rename(item.name) }));
        break;
      case "core export alias":
        definition.name = rename(definition.name);
        break;
    }
  }
  return renamed;
}

function renameModuleItems(definition: CoreModuleDefinition): boolean {
  const module = decodeDefinition(definition);
  const isSafe =
    module.imports.every((item) => SAFE.test(item.module) && SAFE.test(item.name)) &&
    module.exports.every(({ name }) => SAFE.test(name));
  if (isSafe) return false;
  const renamed = module.copy();
  renamed.imports = module.imports.map((item) => ({
    ...item,
    module: safeCoreName(item.module),
    name: safeCoreName(item.name),
  }));
  renamed.exports = module.exports.map((item) => ({ ...item, name: safeCoreName(item.name) }));
  definition.chunks = encodeModule(renamed).toChunks();
  return true;
}
