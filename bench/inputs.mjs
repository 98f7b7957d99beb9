// @ts-check
/** The inputs, each as a core module (for wizer) and as a component (for component-init). */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { componentEmbed, parse } from "@bytecodealliance/jco";
// @ts-expect-error: its types are not for Node
import { runClang, runLLVM } from "@yowasp/clang";
import * as tar from "tar";
import {
  adapterPath,
  buildBound,
  buildRuntime,
  enginePath,
  toComponent,
  upToDate,
  write,
} from "../examples/starlingmonkey/lib.mjs";

const examples = fileURLToPath(new URL("../examples/starlingmonkey/", import.meta.url));
const sharedLibraries = fileURLToPath(new URL("../shared-libs/dlopen/", import.meta.url));

/**
 * @typedef {object} Input
 * @property {string} name
 * @property {string} core
 * @property {string} component
 * @property {string[]} wizerArgs
 * @property {string[]} args of component-init
 * @property {string[]} guestArgs
 * @property {Record<string, string>} env of the guest
 * @property {string} [stdin] of the guest
 * @property {string} [sources] the directory that the guest sees as `/`
 * @property {number} [guestBytes] the size of the memory
 */

/** @param {string} directory @returns {Promise<Input>} */
export async function genericInput(directory) {
  const app = join(examples, "generic", "app");
  // wizer runs the engine's other init function, which reads its command line from stdin.
  const stdin = join(directory, "generic-stdin.txt");
  await write(stdin, "index.js");
  return {
    name: "StarlingMonkey, generic",
    core: enginePath,
    component: await buildRuntime(join(directory, "generic.wasm")),
    wizerArgs: ["--allow-wasi", "--init-func", "componentize.wizer", `--mapdir=/::${app}`, "--inherit-env=true"],
    args: ["-f", "wasi:cli/run", "--dir", `${app}::/`],
    guestArgs: ["starling", "index.js"],
    env: {},
    sources: app,
    stdin,
  };
}

/** @param {string} directory @returns {Promise<Input>} */
export async function boundInput(directory) {
  const source = join(examples, "bound");
  const bound = await buildBound({
    wit: join(source, "world.wit"),
    world: "shop",
    app: join(source, "app.js"),
    outDir: join(directory, "bound"),
  });
  const map = `--mapdir=/::${bound.sources}`;
  return {
    name: "StarlingMonkey, bound to a world",
    core: bound.core,
    component: bound.component,
    wizerArgs: ["--allow-wasi", "--init-func", "componentize.wizer", map, "--inherit-env=true"],
    args: ["-f", "core:componentize.wizer", "--dir", `${bound.sources}::/`],
    guestArgs: [],
    env: bound.env,
    sources: bound.sources,
    stdin: bound.stdin,
  };
}

/**
 * A C program whose init uses most of what it has of wasi-libc, and whose other exports use little.
 * @param {string} directory
 * @returns {Promise<Input>}
 */
export async function cInput(directory) {
  const fixture = fileURLToPath(new URL("../fixtures/c-reactor/", import.meta.url));
  const stem = join(directory, "c-program");
  const [core, component] = [`${stem}.core.wasm`, `${stem}.wasm`];
  const program = join(fixture, "program.c");
  const world = join(fixture, "world.wit");
  if (!(await upToDate([core, component], [program, world]))) {
    const compiled = await compileReactor(await readFile(program, "utf8"));
    await write(core, compiled);
    const embedded = await componentEmbed({ binary: compiled, witSource: await readFile(world, "utf8") });
    await write(component, await toComponent(embedded));
  }
  const stdin = join(directory, "c-program-stdin.txt");
  await write(stdin, "first line\n");
  return {
    name: "C program",
    core,
    component,
    wizerArgs: [],
    args: ["-f", "init", "--dir", `${join(fixture, "preopen")}::/data`, "--stdin", stdin],
    guestArgs: ["app"],
    env: { MODE: "fast" },
  };
}

/** @param {string} source @returns {Promise<Uint8Array>} */
async function compileReactor(source) {
  return compile("program.c", source, REACTOR);
}

const REACTOR = ["--target=wasm32-wasip1", "-O2", "-g0", "-mexec-model=reactor"];
const LIBRARY = ["--target=wasm32-wasip1", "-O2", "-fPIC", "-shared", "-fvisibility=default", "-Wl,--allow-undefined"];

/** @param {string} name @param {string} source @param {string[]} flags */
const compile = (name, source, flags) => compileFiles({ [name]: source }, flags);

/** @param {Record<string, string>} sources @param {string[]} flags @returns {Promise<Uint8Array>} */
async function compileFiles(sources, flags) {
  // Without arguments it only loads its resources, and would print how far it got.
  await runLLVM(undefined, {}, { fetchProgress: () => {} });
  const inputs = Object.keys(sources).filter((name) => name.endsWith(".c"));
  const files = await runClang(["clang", ...flags, ...inputs, "-o", "out.wasm"], sources);
  return /** @type {Uint8Array} */ (files["out.wasm"]);
}

/** How many libraries of the size of libc.so are 20 MB. */
const COPIES = 31;

/**
 * A program that opens libraries, and 20 MB of them: copies of the C library, which has many symbols of each kind.
 * @param {string} directory
 */
export async function linkedLibraries(directory) {
  const folder = join(directory, "libraries");
  const [app, libc] = [join(folder, "app.so"), join(folder, "libc.so")];
  const copies = Array.from({ length: COPIES }, (_, i) => join(folder, `copy${i}.so`));
  if (!(await upToDate([app, libc, ...copies], [fileURLToPath(import.meta.url)]))) {
    const source = `#include <dlfcn.h>
      __attribute__((export_name("run"))) int run(void) { return dlopen("copy1.so", RTLD_NOW) != 0; }`;
    const compiled = await compile("app.c", source, LIBRARY);
    const witSource = "package bench:link; world w { export run: func() -> s32; }";
    await write(app, await componentEmbed({ binary: compiled, witSource, world: "w" }));
    const library = await systemLibrary("libc.so");
    for (const path of [libc, ...copies]) await write(path, library);
  }
  return {
    name: "20 MB of libraries",
    args: [app, libc, ...copies.flatMap((path) => ["--dl-openable", path])],
    adapter: adapterPath,
    files: [app, libc, ...copies],
  };
}

/** How many libraries are opened. */
export const OPENED = 200;

/**
 * A program that opens as many libraries as it is told, and a directory of them.
 * @param {string} directory
 */
export async function openedLibraries(directory) {
  const folder = join(directory, "opened");
  const program = join(folder, "program.wasm");
  const plugins = Array.from({ length: OPENED }, (_, i) => join(folder, "plugins", `plugin${i}.so`));
  const provided = ["libdl.c", "dlopen_bytes.h", "world.h"].map((name) => join(sharedLibraries, name));
  if (!(await upToDate([program, ...plugins], [fileURLToPath(import.meta.url), ...provided]))) {
    const files = Object.fromEntries(
      await Promise.all(provided.map(async (path) => [basename(path), await readFile(path, "utf8")])),
    );
    const source = `#include <dlfcn.h>
      #include <stdio.h>
      int (*callbacks[${OPENED}])(int);
      void enlist(int which, int (*callback)(int)) { callbacks[which] = callback; }
      __attribute__((export_name("open-all"))) int open_all(int count) {
        for (int i = 0; i < count; i++) {
          char path[32];
          snprintf(path, sizeof path, "/plugins/plugin%d.so", i);
          void *plugin = dlopen(path, RTLD_NOW);
          if (plugin == NULL) __builtin_trap();
          ((void (*)(int))dlsym(plugin, "setup"))(i);
        }
        return count;
      }`;
    const flags = ["-fvisibility=default", "-Wl,--export-dynamic", "-Wl,--export-table"].concat(
      ["__stack_pointer", "malloc", "free"].map((name) => `-Wl,--export=${name}`),
    );
    const compiled = await compileFiles({ "program.c": source, ...files }, [...REACTOR, ...flags]);
    const witSource = "package bench:dlopen; world w { export open-all: func(count: s32) -> s32; }";
    await write(program, await toComponent(await componentEmbed({ binary: compiled, witSource, world: "w" })));
    const plugin = await compile(
      "plugin.c",
      `extern void enlist(int, int (*)(int));
      static int table[256];
      static int callback(int n) { return table[n & 255] + n; }
      __attribute__((constructor)) static void fill(void) { for (int i = 0; i < 256; i++) table[i] = i * i; }
      void setup(int which) { enlist(which, callback); }`,
      LIBRARY,
    );
    for (const path of plugins) await write(path, plugin);
  }
  return { program, args: ["--dir", `${join(folder, "plugins")}::/plugins`] };
}

/** A library of the compiler's sysroot. @param {string} name @returns {Promise<Uint8Array>} */
async function systemLibrary(name) {
  const resources = new URL("../node_modules/@yowasp/clang/gen/llvm-resources.tar", import.meta.url);
  /** @type {Buffer[]} */
  const chunks = [];
  await tar.list({
    file: fileURLToPath(resources),
    onReadEntry: (entry) => {
      if (entry.path.endsWith(`/wasm32-wasip1/${name}`)) entry.on("data", (chunk) => chunks.push(chunk));
    },
  });
  return Buffer.concat(chunks);
}

/**
 * A module with one memory that `init` fills: of every `stride` bytes, `run` get pseudo-random numbers, at a
 * pseudo-random place. All sizes are multiples of 8; run = stride fills everything.
 * @param {{ pages: number, run: number, stride: number, bytes?: number }} options `bytes`: how much of the memory
 */
const fillingModule = ({ pages, run, stride, bytes = pages * 65536 }) => `
  (memory (export "memory") ${pages})
  (global $state (mut i64) (i64.const 0x9e3779b97f4a7c15))
  (func $next (result i64)
    (global.set $state (i64.xor (global.get $state) (i64.shl (global.get $state) (i64.const 13))))
    (global.set $state (i64.xor (global.get $state) (i64.shr_u (global.get $state) (i64.const 7))))
    (global.set $state (i64.xor (global.get $state) (i64.shl (global.get $state) (i64.const 17))))
    (global.get $state))
  (func (export "init") (local $base i32) (local $at i32) (local $end i32)
    (loop $runs
      (local.set $at ${
        run === stride
          ? "(local.get $base)"
          : `(i32.add (local.get $base) (i32.and (i32.const -8)
          (i32.wrap_i64 (i64.rem_u (call $next) (i64.const ${stride - run})))))`
      })
      (local.set $end (i32.add (local.get $at) (i32.const ${run})))
      (loop $words
        (i64.store (local.get $at) (i64.or (call $next) (i64.const 0x0101010101010101)))
        (br_if $words (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (local.get $end))))
      (br_if $runs (i32.le_u
        (local.tee $base (i32.add (local.get $base) (i32.const ${stride})))
        (i32.const ${bytes - stride})))))
  (func (export "word") (param i32) (result i64) (i64.load (local.get 0)))`;

/**
 * @param {string} directory
 * @param {string} name
 * @param {{ pages: number, run: number, stride: number, bytes?: number }} options
 * @returns {Promise<Input>}
 */
async function filledInput(directory, name, options) {
  const stem = join(directory, name.replace(/[^\w.]+/g, "-"));
  const core = `${stem}.core.wasm`;
  const component = `${stem}.wasm`;
  if (!(await upToDate([core, component], [fileURLToPath(import.meta.url)]))) {
    const module = fillingModule(options);
    await write(core, await parse(`(module ${module})`));
    await write(
      component,
      await parse(`(component
        (core module $m ${module})
        (core instance $i (instantiate $m))
        (func (export "init") (canon lift (core func $i "init")))
        (func (export "word") (param "address" u32) (result u64) (canon lift (core func $i "word"))))`),
    );
  }
  return {
    name,
    core,
    component,
    wizerArgs: ["--init-func", "init"],
    args: ["-f", "init"],
    guestArgs: [],
    env: {},
    guestBytes: options.pages * 65536,
  };
}

const MiB = 2 ** 20;

/** @param {string} directory */
export const filledInputs = (directory) => ({
  "dense-64m": () => filledInput(directory, "64 MiB, dense", { pages: 1024, run: 4096, stride: 4096 }),
  // Some 10,500 short runs: more than the segments that an engine or wizer allow themselves.
  "sparse-64m": () => filledInput(directory, "64 MiB, 1 % in 64-byte runs", { pages: 1024, run: 64, stride: 6400 }),
  "sparse-1g": () => filledInput(directory, "1 GiB, 1 % in 4 KiB runs", { pages: 16384, run: 4096, stride: 409_600 }),
  // All of 1 GiB cannot be dense: engines refuse modules above 1 GiB.
  "half-1g": () =>
    filledInput(directory, "1 GiB, half dense", { pages: 16384, run: 4096, stride: 4096, bytes: 512 * MiB }),
});
