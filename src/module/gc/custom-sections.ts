import { ComponentInitError } from "../../errors.js";
import type { CustomSection } from "../custom-sections.js";
import { type CoreModule, customSectionReader } from "../model.js";
import { renumberNames } from "./names.js";
import type { Numbering } from "./numbering.js";

/**
 * Sections with indices or offsets that nothing here rewrites: DWARF and what points to a copy of it or to a source
 * map, input of the linker, hints for engines. `dylink.0` has names alone, and tells libraries from programs ever after.
 */
const TIED_TO_CODE =
  /^(\.debug_.*|external_debug_info|sourceMappingURL|linking|reloc\..*|metadata\.code\..*|branchHinting|compilationHints)$/;

/**
 * Renumbers names, and drops the custom sections that would no longer fit the module.
 *
 * @returns the names of the dropped ones
 */
export function updateCustomSections(module: CoreModule, numbering: Numbering): string[] {
  const dropped = module.customSections.filter(({ name }) => TIED_TO_CODE.test(name));
  const empty: CustomSection[] = [];
  for (const section of module.customSections) {
    if (section.name !== "name") continue;
    const contents = namesOrNothing(section, numbering);
    if (contents === "malformed") dropped.push(section);
    else if (contents === undefined) empty.push(section);
    else module.replaceCustomSection(section, contents);
  }
  const gone = new Set([...dropped, ...empty]);
  module.filterCustomSections((section) => !gone.has(section));
  return dropped.map(({ name }) => name);
}

/** A malformed custom section makes no module invalid (core specification 5.5.3). */
function namesOrNothing(section: CustomSection, numbering: Numbering): Uint8Array | undefined | "malformed" {
  try {
    return renumberNames(customSectionReader(section), numbering);
  } catch (error) {
    if (error instanceof ComponentInitError && error.code === "malformed") return "malformed";
    throw error;
  }
}
