import type { CoreModule } from "../module/model.js";

/** A custom section of core modules in outputs, for those who initialize them again. */
const SECTION = "component-init";

/** The instance knows the numbers that directories had, and nobody can tell from its memory. */
const KEEPS_PREOPENS = new TextEncoder().encode("keeps-preopens");

export function keepsPreopens(module: CoreModule): boolean {
  const contents = module.customSection(SECTION)?.contents;
  return contents !== undefined && Buffer.compare(contents, KEEPS_PREOPENS) === 0;
}

/** Notes it in a module, once. */
export function noteKeptPreopens(module: CoreModule): void {
  if (!keepsPreopens(module)) module.addCustomSection(SECTION, KEEPS_PREOPENS);
}
