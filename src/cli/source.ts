import { ComponentInitError } from "../errors.js";
import { UsageError } from "./failure.js";
import type { LibraryFile } from "./libraries.js";
import { MANIFEST_NAME } from "./manifest/manifest.js";
import { defined, type LinkSettings, type Settings } from "./settings.js";

/** What is initialized: a component, or libraries that are linked to one. */
export type Source = LinkSettings | { readonly input: string };

interface Chosen {
  readonly source: Source;
  /** Libraries that the component can open, which are not linked. */
  readonly opened: readonly LibraryFile[];
  /** Where it finds others that it opens. */
  readonly searched: readonly string[] | undefined;
  /** What has nothing to do with libraries. */
  readonly others: Omit<Settings, keyof LinkSettings | "input">;
}

/**
 * @param merged - what manifest and command line say
 * @param flags - what the command line says
 */
export function chooseSource(merged: Settings, flags: Settings, manifest: string | undefined): Chosen {
  const {
    libraries = [],
    adapters,
    libraryPath = [],
    stackSize,
    stubMissingFunctions,
    dlopen,
    input,
    ...others
  } = merged;
  if (flags.input !== undefined && (flags.libraries ?? []).some(isLinked)) {
    throw new UsageError("libraries are linked in the place of an input: give either --lib or INPUT");
  }
  // An input on the command line comes in the place of what the manifest links.
  const isLinking =
    flags.input === undefined && (libraries.some(isLinked) || (input === undefined && libraries.length > 0));
  const opened = isLinking && dlopen !== "init" ? [] : libraries.filter((library) => !isLinked(library));
  if (isLinking) {
    const linked = libraries.filter((library) => !opened.includes(library));
    const source = defined({ libraries: linked, adapters, libraryPath, stackSize, stubMissingFunctions, dlopen });
    // What is linked has been found there; only what is opened is looked for later.
    return { source, opened, searched: dlopen === "init" ? libraryPath : undefined, others };
  }
  checkUnlinked(merged, flags, manifest);
  if (input === undefined) throw new UsageError(`the input is missing: ${noInput(manifest)}`);
  return { source: { input }, opened, searched: libraryPath.length === 0 ? undefined : libraryPath, others };
}

function isLinked({ dlOpenable = false }: LibraryFile): boolean {
  return !dlOpenable;
}

/** Options of the linker, as the command line and as the manifest name them. */
const LINKER_OPTIONS = [
  ["--adapt", "adapters", ({ adapters = {} }: Settings) => Object.keys(adapters).length > 0],
  ["--stack-size", "stackSize", ({ stackSize }: Settings) => stackSize !== undefined],
  [
    "--stub-missing-functions",
    "stubMissingFunctions",
    ({ stubMissingFunctions }: Settings) => stubMissingFunctions === true,
  ],
  ["--dlopen", "dlopen", ({ dlopen }: Settings) => dlopen !== undefined],
] as const;

/** What would be ignored is a mistake. A manifest's own libraries may have made room for an input of the command line. */
function checkUnlinked(merged: Settings, flags: Settings, manifest: string | undefined): void {
  for (const [option, key, isGiven] of LINKER_OPTIONS) {
    if (isGiven(flags)) {
      throw new UsageError(`${option} is for linking, and nothing is linked: give libraries with --lib`);
    }
    if (flags.input === undefined && isGiven(merged)) {
      const message = `${manifest}: ${key} is for linking, and there are no sharedLibs that are linked`;
      throw new ComponentInitError("invalid-option", message);
    }
  }
}

function noInput(manifest: string | undefined): string {
  if (manifest !== undefined) return `${manifest} has neither "component" nor "sharedLibs"`;
  return `component-init run INPUT -o OUTPUT, or --lib, or a ${MANIFEST_NAME} here`;
}

/** The files that it is made of. */
export function filesOf(source: Source): string[] {
  if ("input" in source) return [source.input];
  return [...(source.libraries ?? []).map(({ path }) => path), ...Object.values(source.adapters ?? {})];
}
