import { failDl } from "../dlopen/interface.js";
import type { Library } from "../link/library.js";
import { type Signature, signatureOf } from "../link/signature.js";
import type { Import } from "../module/imports.js";
import { funcTypeAt, importNamed } from "../module/index-spaces.js";
import type { CoreModule } from "../module/model.js";

/** A core instance of the program, for libraries that import what it imports. */
export interface Importer {
  readonly position: number;
  readonly module: CoreModule;
  readonly imports: WebAssembly.Imports;
}

/**
 * The first core instance of a program that imports what a library imports. The host's functions take whatever they are given, so
 * their types are checked here.
 *
 * @throws DlError for a function of another type
 */
export function findImporter(
  importers: readonly Importer[],
  item: Import,
  { name, module }: Library,
): Importer | undefined {
  for (const importer of importers) {
    const own = importNamed(importer.module, item);
    if (own === undefined) continue;
    const [wanted, given] = [importSignature(module, item), importSignature(importer.module, own)];
    if (wanted === given) return importer;
    failDl(`Error relocating ${name}: it imports ${item.name} of ${item.module} as ${wanted}, and it is ${given}`);
  }
  return undefined;
}

/** `undefined` for what is no function, which the JS API checks. */
function importSignature(module: CoreModule, item: Import): Signature | undefined {
  const type = item.kind === "func" ? funcTypeAt(module, item.type) : undefined;
  return type && signatureOf(type);
}

/** What an importer was given for an import. */
export function importedValue(
  { position, module, name }: { readonly position: number; readonly module: string; readonly name: string },
  importers: readonly Importer[],
): WebAssembly.ImportValue {
  const { imports = {} } = importers.find((one) => one.position === position) ?? {};
  const items = Object.hasOwn(imports, module) ? imports[module] : undefined;
  if (items !== undefined && Object.hasOwn(items, name)) return items[name] as WebAssembly.ImportValue;
  return failDl(`the program does not import ${name} of ${module}`);
}
