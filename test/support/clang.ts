import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { cached } from "./disk-cache.js";

const CLANG = versionOf("@yowasp/clang", "../package.json");
const JCO = versionOf("@bytecodealliance/jco-transpile/component", "../package.json");

/** A reactor: `_initialize` instead of `main`, and exports to call afterwards. */
export const REACTOR_FLAGS = ["--target=wasm32-wasip1", "-O2", "-g0", "-mexec-model=reactor"] as const;

function versionOf(specifier: string, manifest: string): string {
  const text = readFileSync(new URL(manifest, import.meta.resolve(specifier)), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** Compiles and links C or C++ (files by name) to one core module or shared library. */
export async function compileC(
  files: Readonly<Record<string, string | Uint8Array>>,
  flags: readonly string[] = REACTOR_FLAGS,
): Promise<Uint8Array> {
  const inputs = [CLANG, ...flags, "--", ...Object.entries(files).flat()];
  return cached(inputs, () => runCompiler(files, flags));
}

async function runCompiler(files: Readonly<Record<string, string | Uint8Array>>, flags: readonly string[]) {
  // Loading it costs a moment that a warm cache saves.
  const { runClang, runLLVM } = (await import("@yowasp/clang")) as unknown as { runClang: RunTool; runLLVM: RunTool };
  // Without arguments it only loads its resources, and would print how far it got.
  await runLLVM(null, {}, { fetchProgress: () => {} });
  const sources = Object.keys(files).filter((name) => /\.(cc?|o|so|a)$/.test(name));
  const messages: Uint8Array[] = [];
  const stderr = (bytes: Uint8Array | null) => void (bytes !== null && messages.push(bytes.slice()));
  try {
    // The package's libc++ is built without exceptions.
    const driver = sources.some((name) => name.endsWith(".cc")) ? ["clang++", "-fno-exceptions"] : ["clang"];
    const args = [...driver, ...flags, ...sources, "-o", "out.wasm"];
    const out = await runClang(args, { ...files }, { stderr, decodeASCII: false });
    return out["out.wasm"] as Uint8Array;
  } catch (cause) {
    throw new Error(`clang failed: ${Buffer.concat(messages).toString("utf8")}`, { cause });
  }
}

/** The package's own types refer to DOM types and give one type to all of its functions. */
type RunTool = (
  args: readonly string[] | null,
  files: Record<string, string | Uint8Array>,
  options: { stderr?: (bytes: Uint8Array | null) => void; decodeASCII?: boolean; fetchProgress?: () => void },
) => Promise<Record<string, unknown>>;

/** Makes a component of a core module that uses WASI preview 1, as `wasm-tools component new` does. */
export async function componentize(core: Uint8Array, witSource: string, world?: string): Promise<Uint8Array> {
  const adapter = await readFile(adapterPath());
  return cached([JCO, core, witSource, world ?? "", adapter], async () => {
    const embedded = await componentEmbed({ binary: core, witSource, ...(world === undefined ? {} : { world }) });
    return componentNew(embedded, [["wasi_snapshot_preview1", new Uint8Array(adapter)]]);
  });
}

/** jco does not export its adapters. */
function adapterPath(): URL {
  return new URL("../../node_modules/@bytecodealliance/jco/lib/wasi_snapshot_preview1.reactor.wasm", import.meta.url);
}
