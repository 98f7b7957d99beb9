import { type Linked, link } from "../link/link.js";
import { parseIfText, readInput } from "./files.js";
import { collectLibraries } from "./libraries.js";
import type { LinkSettings } from "./settings.js";

/** Reads libraries and links them. */
export async function linkFiles(settings: LinkSettings): Promise<Linked> {
  const { libraries = [], adapters = {}, libraryPath = [], stackSize, stubMissingFunctions } = settings;
  const read = async ([name, path]: [string, string]) =>
    [name, await parseIfText(await readInput(path), path)] as const;
  const [inputs, adapterBytes] = await Promise.all([
    collectLibraries(libraries, libraryPath),
    Promise.all(Object.entries(adapters).map(read)),
  ]);
  return link(inputs, {
    adapters: Object.fromEntries(adapterBytes),
    ...(stackSize !== undefined && { stackSize }),
    ...(stubMissingFunctions !== undefined && { stubMissingFunctions }),
  });
}
