// @ts-check
// Bundles the command line with its libraries: Node takes longer to find and load hundreds of small files than to run them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
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

await build({
  // Threads are started by the names of their files, next to whoever starts them.
  input: {
    main: "src/cli/main.ts",
    "jco-worker": "src/jco/jco-worker.ts",
    "network-worker": "src/wasi/network/network-worker.ts",
  },
  platform: "node",
  external: [/^@bytecodealliance\//],
  // jsonc-parser's main file finds its others in a way that only Node understands.
  resolve: { mainFields: ["module", "main"] },
  plugins: [licences],
  output: { dir: "dist/bin", cleanDir: true, comments: { legal: true, annotation: false, jsdoc: false } },
});
