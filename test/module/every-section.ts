import type { CoreModule } from "../../src/module/model.js";

/** Assigns every section that is there its own value, so that the encoder writes all of them anew. */
export function reassignEverySection(module: CoreModule): CoreModule {
  const copy = module.copy();
  const present = new Set(module.layout.filter((item) => typeof item === "string"));
  if (present.has("type")) copy.types = module.types;
  if (present.has("import")) copy.imports = module.imports;
  if (present.has("function")) copy.functions = module.functions;
  if (present.has("table")) copy.tables = module.tables;
  if (present.has("memory")) copy.memories = module.memories;
  if (present.has("tag")) copy.tags = module.tags;
  if (present.has("global")) copy.globals = module.globals;
  if (present.has("export")) copy.exports = module.exports;
  if (present.has("start")) copy.start = module.start;
  if (present.has("element")) copy.elements = module.elements;
  if (present.has("data count")) copy.hasDataCount = module.hasDataCount;
  if (present.has("code")) copy.code = module.code;
  if (present.has("data")) copy.data = module.data;
  return copy;
}

/** Decodes all that is decoded only when asked for. */
export function decodeEverySection(module: CoreModule): void {
  reassignEverySection(module);
}
