import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CACHE } from "./paths.js";

export interface WasmtimeVersion {
  /** `Wasmtime 48`. */
  readonly name: string;
  readonly version: string;
  readonly python: string;
  /** Why there is none of it to test with; undefined when there is one. */
  readonly missing: string | undefined;
  /** Whether the package has components as such; before, only the C library in it does. */
  readonly hasComponents: boolean;
}

/** What .ci/run installs, each into a folder of its own, the newest first: a result must not depend on the machine. */
const REQUIREMENTS = readFileSync(new URL("requirements.txt", import.meta.url), "utf8")
  .trim()
  .split("\n");

const [newest, ...older] = REQUIREMENTS.map((line, i) => versionOf(line.replace("wasmtime==", ""), i === 0));

/** What all tests compare with. */
export const NEWEST = newest as WasmtimeVersion;
/** Those that are supported for long, which many users have. */
export const OLDER: readonly WasmtimeVersion[] = older;

function versionOf(version: string, isNewest: boolean): WasmtimeVersion {
  const major = Number(version.split(".")[0]);
  const python = pythonOf(version, isNewest);
  const missing = missingReason(python, version);
  return { name: `Wasmtime ${major}`, version, python, missing, hasComponents: major >= 39 };
}

/** The newest may be in another one. */
function pythonOf(version: string, isNewest: boolean): string {
  const own = join(CACHE, `wasmtime-${version}`, "bin", "python");
  if (!isNewest) return own;
  return process.env.COMPONENT_INIT_PYTHON || (existsSync(own) ? own : "python3");
}

function missingReason(python: string, version: string): string | undefined {
  const advice = "run .ci/run, or name a Python with the newest in COMPONENT_INIT_PYTHON";
  if (python.includes("/") && !existsSync(python)) return `there is no ${python} for wasmtime ${version}; ${advice}`;
  const script = "import importlib.metadata as m; print(m.version('wasmtime'))";
  try {
    const found = execFileSync(python, ["-c", script], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
    return found === version ? undefined : `${python} has wasmtime ${found}, the tests are for ${version}`;
  } catch (error) {
    const last = String((error as { stderr?: string }).stderr ?? error)
      .trim()
      .split("\n")
      .at(-1);
    return `${python} has no package wasmtime ${version} (${last}); ${advice}`;
  }
}
