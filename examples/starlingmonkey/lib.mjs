// @ts-check
/**
 * What the StarlingMonkey examples and the benchmark share: making the uninitialized components, running the
 * component-init command, running a component in V8.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createRequire, registerHooks } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const repository = fileURLToPath(new URL("../../", import.meta.url));

/** The component-init command of this checkout, which `npm run build` writes, or another build of it. */
export const componentInit = process.env.COMPONENT_INIT ?? join(repository, "dist", "bin", "main.js");

/** @param {string} name a package whose main module is one folder below its root */
const packageOf = (name) => dirname(dirname(fileURLToPath(import.meta.resolve(name))));
const componentizePackage = packageOf("@bytecodealliance/componentize-js");
const jcoPackage = packageOf("@bytecodealliance/jco");

/** StarlingMonkey as a core module, without any script in it. */
export const enginePath = join(componentizePackage, "lib", "starlingmonkey_embedding.wasm");
export const adapterPath = join(jcoPackage, "lib", "wasi_snapshot_preview1.reactor.wasm");
const splicerPath = join(componentizePackage, "lib", "spidermonkey-embedding-splicer.js");
const jcoCommand = join(jcoPackage, "dist", "jco.js");

/** @param {string} path */
const modified = (path) =>
  stat(path).then(
    (s) => s.mtimeMs,
    () => 0,
  );

/**
 * Whether every output is newer than every input.
 * @param {string[]} outputs
 * @param {string[]} inputs
 */
export async function upToDate(outputs, inputs) {
  const [made, changed] = await Promise.all([outputs, inputs].map((paths) => Promise.all(paths.map(modified))));
  return Math.min(.../** @type {number[]} */ (made)) > Math.max(.../** @type {number[]} */ (changed));
}

/**
 * Writes a file in one step, so that an interrupted run leaves nothing that looks up to date.
 * @param {string} path
 * @param {Uint8Array | string} contents
 */
export async function write(path, contents) {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, contents);
  await rename(temporary, path);
}

/**
 * A core module that uses WASI preview 1 as a component that uses WASI 0.2.
 * @param {Uint8Array} core
 */
export async function toComponent(core) {
  const { componentNew } = await import("@bytecodealliance/jco");
  return componentNew(core, [["wasi_snapshot_preview1", await readFile(adapterPath)]]);
}

/**
 * The generic runtime, uninitialized: exports wasi:cli/run, which evaluates a script, and wasi:http/incoming-handler,
 * which dispatches to the listener that the script registered.
 * @param {string} output
 */
export async function buildRuntime(output) {
  if (await upToDate([output], [enginePath, adapterPath])) return output;
  await write(output, await toComponent(await readFile(enginePath)));
  return output;
}

/**
 * @typedef {object} Bound a StarlingMonkey bound to a WIT world, and all that its initialization needs
 * @property {string} core the core module, the input for wizer
 * @property {string} component the uninitialized component, the input for component-init
 * @property {string} sources the directory for the preopen `/`: initializer.js and the application
 * @property {string} stdin the file with the command line that the engine reads from stdin
 * @property {Record<string, string>} env the tables of exports and imports
 */

/** The core export that initializes. */
export const boundInit = "componentize.wizer";

/**
 * What componentize-js does before it starts wizer (its src/componentize.js).
 * @param {{ wit: string, world: string, app: string, outDir: string }} options
 * @returns {Promise<Bound>}
 */
export async function buildBound({ wit, world, app, outDir }) {
  /** @type {Bound} */
  const bound = {
    core: join(outDir, "core.wasm"),
    component: join(outDir, "uninitialized.wasm"),
    sources: join(outDir, "sources"),
    stdin: join(outDir, "stdin.txt"),
    env: {},
  };
  const envFile = join(outDir, "env.json");
  const outputs = [bound.core, bound.component, bound.stdin, join(bound.sources, "app.js"), envFile];
  if (await upToDate(outputs, [wit, app, enginePath, adapterPath, fileURLToPath(import.meta.url)])) {
    bound.env = JSON.parse(await readFile(envFile, "utf8"));
    return bound;
  }

  const splicer = await loadSplicer();
  /** @type {import('../../node_modules/@bytecodealliance/componentize-js/lib/interfaces/local-spidermonkey-embedding-splicer-splicer.js').Feature[]} */
  const features = ["stdio", "random", "clocks", "http", "fetch-event"];
  const spliced = splicer.spliceBindings(
    await readFile(enginePath),
    features,
    await readFile(wit, "utf8"),
    undefined,
    world,
    false,
  );

  bound.env = { DEBUG: "", SOURCE_NAME: "app.js", FEATURE_CLOCKS: "1", EXPORT_CNT: String(spliced.exports.length) };
  for (const [i, [name, f]] of spliced.exports.entries()) {
    bound.env[`EXPORT${i}_NAME`] = name;
    bound.env[`EXPORT${i}_ARGS`] = (f.paramptr ? "*" : "") + f.params.join(",");
    bound.env[`EXPORT${i}_RET`] = (f.retptr ? "*" : "") + (f.ret ?? "");
    bound.env[`EXPORT${i}_RETSIZE`] = String(f.retsize);
  }
  for (const [i, [, name, argumentCount]] of spliced.imports.entries()) {
    bound.env[`IMPORT${i}_NAME`] = name;
    bound.env[`IMPORT${i}_ARGCNT`] = String(argumentCount);
  }
  bound.env.IMPORT_CNT = String(spliced.imports.length);

  await write(join(bound.sources, "initializer.js"), spliced.jsBindings);
  await write(join(bound.sources, "app.js"), await readFile(app));
  await write(bound.stdin, "--initializer-script-path /initializer.js --strip-path-prefix / app.js");
  await write(bound.core, spliced.wasm);
  await write(bound.component, await toComponent(spliced.wasm));
  await write(envFile, JSON.stringify(bound.env, null, 2));
  return bound;
}

/**
 * componentize-js does not export its splicer, and does not declare that the splicer imports preview2-shim: jco's is used.
 * @returns {Promise<typeof import('../../node_modules/@bytecodealliance/componentize-js/lib/spidermonkey-embedding-splicer.js').splicer>}
 */
async function loadSplicer() {
  const url = pathToFileURL(splicerPath).href;
  const parentURL = pathToFileURL(join(jcoPackage, "package.json")).href;
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, context.parentURL === url && !specifier.startsWith(".") ? { ...context, parentURL } : context),
  });
  try {
    return (await import(url)).splicer;
  } finally {
    hooks.deregister();
  }
}

/**
 * The arguments of the component-init command for a bound component.
 * @param {Bound} bound
 * @param {string} output
 */
export const boundArguments = (bound, output) => [
  ...["run", bound.component, "-o", output, "-f", `core:${boundInit}`],
  ...["--dir", `${bound.sources}::/`, "--stdin", bound.stdin],
  ...Object.entries(bound.env).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
];

/**
 * Runs the component-init command; its output goes to this process's. When it fails it has said why: this process ends.
 * @param {string[]} args
 * @returns {Promise<void>}
 */
export function runComponentInit(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [componentInit, ...args], { stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : process.exit(code ?? 1)));
  });
}

/** A TCP port of the loopback interface that nothing listens on now. @returns {Promise<number>} */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

/**
 * Serves a component that exports wasi:http/incoming-handler with `jco serve`, on 127.0.0.1 only. An instance of
 * StarlingMonkey answers one request: `--isolate-requests instance` gives each request its own.
 * @param {string} component
 * @param {string[]} [options] more options of jco serve
 * @returns {Promise<{ url: string, closed: Promise<void>, close: () => Promise<void> }>}
 */
export async function serve(component, options = []) {
  const port = await freePort();
  const args = [
    "serve",
    component,
    "--host",
    "127.0.0.1",
    "--port",
    String(port),
    "--isolate-requests",
    "instance",
    ...options,
  ];
  // A server that is ended leaves its transpiled component behind.
  const scratch = await mkdtemp(join(tmpdir(), "component-init-serve-"));
  // jco starts the server as a child of its own: a process group lets both end together.
  const child = spawn(process.execPath, [jcoCommand, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    env: { ...process.env, TMPDIR: scratch },
  });
  /** @type {Promise<void>} */
  const closed = new Promise((resolve) =>
    child.on("close", () => resolve(rm(scratch, { recursive: true, force: true }))),
  );
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid);
    } catch {
      // It has ended already.
    }
  };
  const close = async () => {
    kill();
    await closed;
  };
  process.once("exit", kill);
  for (const [signal, number] of /** @type {const} */ ([
    ["SIGINT", 2],
    ["SIGTERM", 15],
  ])) {
    process.once(signal, () => process.exit(128 + number));
  }
  child.stdout.pipe(process.stdout);
  await new Promise((resolve, reject) => {
    let log = "";
    child.on("error", reject);
    child.on("close", () => reject(new Error(`jco serve ended:\n${log}`)));
    child.stderr.setEncoding("utf8").on("data", (text) => {
      log += text;
      if (log.includes("Server listening")) resolve(undefined);
      else if (log.length > 1 << 16) log = log.slice(-(1 << 15));
    });
  });
  child.stderr.removeAllListeners("data").pipe(process.stderr);
  return { url: `http://127.0.0.1:${port}`, closed, close };
}

/**
 * Transpiles a component with jco for `instantiate(getCoreModule, imports)`, into a directory from which the glue
 * can be imported. Skipped when the directory already holds the transpiled form of the same bytes.
 * @param {string} component
 * @param {string} outDir
 */
export async function transpile(component, outDir) {
  const bytes = await readFile(component);
  const hash = createHash("sha256").update(bytes).digest("hex");
  const marker = join(outDir, "sha256");
  if ((await readFile(marker, "utf8").catch(() => "")) === hash) return outDir;
  await rm(outDir, { recursive: true, force: true });
  const jco = await import("@bytecodealliance/jco");
  const { files } = await jco.transpile(bytes, {
    name: "component",
    instantiation: "async",
    noTypescript: true,
    base64Cutoff: 0,
    multiMemory: true,
  });
  // jco lowers an empty string without a call of realloc. The preview 1 adapter counts on that call: an empty
  // environment variable would lose its end and run into the next one.
  const glue = Buffer.from(files["component.js"] ?? []).toString();
  files["component.js"] = Buffer.from(glue.replace("if (s.length === 0) { return { ptr: 1, len: 0 }; }", ""));
  for (const [name, contents] of Object.entries(files)) await write(join(outDir, name), contents);
  await write(join(outDir, "package.json"), '{ "type": "module" }');
  const shim = join(outDir, "node_modules", "@bytecodealliance", "preview2-shim");
  await mkdir(dirname(shim), { recursive: true });
  await symlink(shimPackage, shim, "dir");
  await write(marker, hash);
  return outDir;
}

const shimPackage = join(
  dirname(createRequire(join(jcoPackage, "package.json")).resolve("@bytecodealliance/preview2-shim/instantiation")),
  "../..",
);

/** preview2-shim's Node build. @param {string} name a module of it: 'instantiation', 'http', 'cli', 'filesystem' */
export const shim = (name) =>
  import(pathToFileURL(join(shimPackage, "dist", name === "instantiation" ? "common" : "nodejs", `${name}.js`)).href);

/**
 * Instantiates a component in this process, with preview2-shim's WASI. Core modules are compiled when the first
 * instance needs them.
 * @param {string} directory what `transpile` wrote
 * @param {object} [imports] besides WASI
 * @returns {Promise<(instantiateCore?: (module: WebAssembly.Module, imports: WebAssembly.Imports) => WebAssembly.Instance) => Promise<Record<string, any>>>}
 *   makes a fresh instance
 */
export async function instantiator(directory, imports = {}) {
  const glue = await import(pathToFileURL(join(directory, "component.js")).href);
  const { WASIShim } = await shim("instantiation");
  /** @type {Map<string, Promise<WebAssembly.Module>>} */
  const modules = new Map();
  /** @param {string} name */
  const getCoreModule = (name) => {
    let module = modules.get(name);
    if (!module) modules.set(name, (module = readFile(join(directory, name)).then((b) => new WebAssembly.Module(b))));
    return module;
  };
  return (instantiateCore) =>
    glue.instantiate(getCoreModule, { ...new WASIShim().getImportObject(), ...imports }, instantiateCore);
}

/**
 * A bound component's own word on its initialization: the core export `check_init`, called on the core module alone.
 * @param {string} directory what `transpile` wrote
 * @returns {Promise<number>} 0 initialized, 1 no list of exports, 2 no types of exports
 */
export async function checkInit(directory) {
  for (let i = 1; ; i++) {
    const bytes = await readFile(join(directory, `component.core${i === 1 ? "" : i}.wasm`)).catch(() => undefined);
    if (!bytes) throw new Error("no core module exports check_init");
    const module = new WebAssembly.Module(bytes);
    if (!WebAssembly.Module.exports(module).some((e) => e.name === "check_init")) continue;
    /** @type {Record<string, Record<string, WebAssembly.ImportValue>>} */
    const imports = {};
    for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
      if (kind !== "function") throw new Error(`${from} ${name}: a ${kind} import in the initialized module`);
      imports[from] ??= {};
      imports[from][name] = () => {
        throw new Error(`check_init called ${from} ${name}`);
      };
    }
    const { check_init: check } = (await WebAssembly.instantiate(module, imports)).exports;
    return /** @type {() => number} */ (check)();
  }
}

/** Runs `body` with a fresh directory that is removed afterwards. @template T @param {(directory: string) => Promise<T>} body */
export async function withTemporaryDirectory(body) {
  const directory = await mkdtemp(join(tmpdir(), "component-init-example-"));
  try {
    return await body(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
