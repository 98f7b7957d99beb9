import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vitest/config";

/**
 * Vitest runs src/ as it is, but a worker thread is started by Node, which does not look for `x.ts` where `./x.js` is
 * asked for. It does strip types.
 */
const workersFromSource: Plugin = {
  name: "component-init:workers-from-source",
  transform(code, id) {
    if (!id.includes("/src/")) return undefined;
    return code.replace(/(new URL\("\.\/[\w-]+-worker)\.js(", import\.meta\.url\))/g, "$1.ts$2");
  },
};

export default defineConfig({
  plugins: [workersFromSource],
  test: {
    include: ["test/**/*.test.ts"],
    // A C fixture takes clang some seconds on two busy cores, and a Wasmtime session a process.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Processes: a panic inside jco's WebAssembly, and V8 flags, stay with the file that caused them.
    pool: "forks",
    // The product keeps generated bindings in the user's cache directory, which is none of the tests' business.
    env: { XDG_CACHE_HOME: fileURLToPath(new URL(".cache/xdg", import.meta.url)) },
    maxWorkers: 2,
  },
});
