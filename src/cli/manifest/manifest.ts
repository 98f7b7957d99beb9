import type { Forgotten } from "../../host/forgotten.js";
import type { HandlePolicy } from "../../host/live-handles.js";
import type { Dlopen } from "../../link/libdl.js";
import type { MountMode } from "../../wasi/filesystem/mount.js";

/** The manifest that is used where nothing else is said. */
export const MANIFEST_NAME = "component-init.json";

/** What `schema/component-init.schema.json` describes. */
export interface Manifest {
  readonly $schema?: string;
  readonly component?: string;
  readonly sharedLibs?: readonly (string | ManifestLibrary)[];
  readonly adapters?: Files;
  readonly libraryPath?: readonly string[];
  readonly stackSize?: string | number;
  readonly stubMissingFunctions?: boolean;
  readonly dlopen?: Dlopen;
  readonly keepDlopen?: boolean;
  readonly plan?: string;
  readonly output?: string;
  readonly init?: string;
  readonly keepInit?: boolean;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | true>>;
  readonly stdin?: string;
  readonly preopens?: readonly ManifestPreopen[];
  readonly clock?: string;
  readonly seed?: number | string;
  readonly random?: "real";
  readonly network?: boolean | readonly string[];
  readonly handles?: HandlePolicy;
  readonly forget?: readonly Forgotten[];
  readonly limits?: ManifestLimits;
  readonly imports?: Files;
  readonly modules?: Files;
  readonly components?: Files;
  readonly gc?: boolean;
  readonly verify?: boolean;
  readonly trace?: string;
}

/** Files by import name. */
type Files = Readonly<Record<string, string>>;

export interface ManifestLibrary {
  readonly file: string;
  readonly name?: string;
  readonly dlOpenable?: boolean;
}

export interface ManifestPreopen {
  readonly host?: string;
  readonly archive?: string;
  readonly guest?: string;
  readonly mode?: MountMode;
}

export interface ManifestLimits {
  readonly timeout?: string;
  readonly memory?: string | number;
  readonly archives?: string | number;
  readonly written?: string | number;
}
