import { type Linked, link } from "../link/link.js";
import { readNamed } from "./files.js";
import { collectLibraries } from "./libraries.js";
import { defined, type LinkSettings } from "./settings.js";

/** Reads libraries and links them. */
export async function linkFiles(settings: LinkSettings): Promise<Linked> {
  const { libraries = [], adapters = {}, libraryPath = [], stackSize, stubMissingFunctions, dlopen } = settings;
  const [inputs, adapterBytes] = await Promise.all([collectLibraries(libraries, libraryPath), readNamed(adapters)]);
  return link(inputs, { adapters: adapterBytes, ...defined({ stackSize, stubMissingFunctions, dlopen }) });
}
