// @ts-check
// Bundles the command line with its libraries: Node takes longer to find and load hundreds of small files than to run them.
// And wasm-tools, of which jco's package brings two files of WebAssembly and what calls them, among a hundred megabytes.
import { copyFileSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

/**
 * The licences of what a bundle holds, which its readers are to get with it.
 *
 * @type {import("rolldown").Plugin}
 */
const licences = {
  name: "licences",
  generateBundle(_options, bundle) {
    const modules = Object.values(bundle).flatMap((file) => (file.type === "chunk" ? Object.keys(file.modules) : []));
    const paths = modules.map((path) => path.replaceAll("\\", "/"));
    const folders = new Set(paths.filter((path) => path.includes("/node_modules/")).map(packageFolder));
    const source = [...folders].sort().map(licenceOf).join("\n\n");
    this.emitFile({ type: "asset", fileName: "LICENSES.txt", source: `${source}\n` });
  },
};

/** @param {string} path */
function packageFolder(path) {
  const parts = path.split("/");
  const at = parts.lastIndexOf("node_modules") + 1;
  return parts.slice(0, at + (parts[at]?.startsWith("@") ? 2 : 1)).join("/");
}

/** @param {string} folder */
function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  const text = file === undefined ? "" : `\n\n${readFileSync(join(folder, file), "utf8").trim()}`;
  return `${name} ${version} (${license})${text}`;
}

const WASM_TOOLS = fileURLToPath(import.meta.resolve("@bytecodealliance/jco-transpile/wasm-tools"));
const VENDOR = join(dirname(WASM_TOOLS), "..", "vendor");

/**
 * wasm-tools reads and writes nothing, and the shim of WASI that Node gets starts a thread to wait for that. The one for
 * browsers does not.
 *
 * @type {import("rolldown").Plugin}
 */
const shimWithoutThread = {
  name: "shim-without-thread",
  async resolveId(source, importer) {
    const [, file] = /^@bytecodealliance\/preview2-shim\/(.+)$/.exec(source) ?? [];
    if (file === undefined) return null;
    const main = await this.resolve(source, importer, { skipSelf: true });
    return main && join(packageRoot(main.id), "dist", "browser", `${file}.js`);
  },
};

/** @param {string} path */
function packageRoot(path) {
  return packageFolder(path.replaceAll("\\", "/"));
}

await build({
  input: { "wasm-tools": WASM_TOOLS },
  platform: "node",
  plugins: [shimWithoutThread, licences],
  // jco writes "use components" into its output, which says nothing to an engine.
  checks: { moduleLevelDirective: false },
  output: { dir: "dist/wasm-tools", cleanDir: true, comments: { legal: true, annotation: false, jsdoc: false } },
});
for (const file of ["wasm-tools.core.wasm", "wasm-tools.core2.wasm"]) {
  copyFileSync(join(VENDOR, file), join("dist", "wasm-tools", basename(file)));
}

await build({
  // Threads are started by the names of their files, next to whoever starts them.
  input: {
    main: "src/cli/main.ts",
    "jco-worker": "src/jco/jco-worker.ts",
    "network-worker": "src/wasi/network/network-worker.ts",
  },
  platform: "node",
  external: ["#wasm-tools"],
  // jsonc-parser's main file finds its others in a way that only Node understands.
  resolve: { mainFields: ["module", "main"] },
  plugins: [licences],
  output: { dir: "dist/bin", cleanDir: true, comments: { legal: true, annotation: false, jsdoc: false } },
});
