// @ts-check
// Compiles a program and its plug-ins, pre-initializes it in two ways, asks the results in V8.
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { componentEmbed } from "@bytecodealliance/jco";
import { runClang, runLLVM } from "@yowasp/clang";
import * as tar from "tar";
import { adapterPath, instantiator, runComponentInit, toComponent, transpile } from "../starlingmonkey/lib.mjs";

/** @param {string} path */
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** @param {string} path */
const text = (path) => readFile(here(path), "utf8");

const CLANG = ["clang", "--target=wasm32-wasip1", "-O2", "-fvisibility=default", "-I."];
const LIBRARY = ["-fPIC", "-shared", "-Wl,--allow-undefined"];

await mkdir(here("dist/plugins"), { recursive: true });
// Without arguments it only loads its resources, and would print how far it got.
await runLLVM(null, {}, { fetchProgress: () => {} });

for (const source of await readdir(here("plugins"))) {
  const plugin = await clang({ [source]: await text(`plugins/${source}`) }, LIBRARY);
  await writeFile(here(`dist/plugins/${source.replace(".c", ".so")}`), plugin);
}
const preopen = ["--dir", `${here("dist/plugins")}::/plugins`];
await preinitializeModule(here("dist/app.init.wasm"));
await preinitializeLibraries(here("dist/linked.init.wasm"));
for (const name of ["app", "linked"]) await check(name);

/**
 * A program of one core module.
 * @param {string} output
 */
async function preinitializeModule(output) {
  const exported = [
    "--export-dynamic",
    "--export-table",
    "--export=__stack_pointer",
    "--export=malloc",
    "--export=free",
  ];
  const flags = ["-mexec-model=reactor", ...exported.map((flag) => `-Wl,${flag}`)];
  const libdl = { "libdl.c": await ours("libdl.c"), "world.h": await ours("world.h") };
  const core = await clang(
    { "app.c": await text("app.c"), ...libdl, "dlopen_bytes.h": await ours("dlopen_bytes.h") },
    flags,
  );
  await writeFile(here("dist/app.wasm"), await toComponent(await embed(core)));
  await runComponentInit(["run", here("dist/app.wasm"), "-o", output, "-f", "init", ...preopen]);
}

/**
 * The same as a library, linked with the C library.
 * @param {string} output
 */
async function preinitializeLibraries(output) {
  const library = await clang({ "app.c": await text("app.c") }, LIBRARY);
  await writeFile(here("dist/app.so"), await embed(library));
  await unpackLibc();
  const link = ["--lib", here("dist/app.so"), "-L", here("dist"), "--dlopen", "init"];
  const adapt = ["--adapt", `wasi_snapshot_preview1=${adapterPath}`];
  await runComponentInit(["run", ...link, ...adapt, "-o", output, "-f", "init", ...preopen]);
}

/** What gives programs dlopen. @param {string} name */
function ours(name) {
  return text(`../../shared-libs/dlopen/${name}`);
}

/** @param {Uint8Array} binary */
async function embed(binary) {
  return componentEmbed({ binary, witSource: await text("world.wit"), world: "converter" });
}

/** The C library as a shared library, of the compiler's sysroot; the WASI SDK has it in share/wasi-sysroot/lib. */
async function unpackLibc() {
  const file = fileURLToPath(new URL("../gen/llvm-resources.tar", import.meta.resolve("@yowasp/clang")));
  /** @type {Promise<Buffer>[]} */
  const found = [];
  await tar.list({
    file,
    filter: (path) => path.endsWith("/wasm32-wasip1/libc.so"),
    onReadEntry: (entry) => void found.push(entry.concat()),
  });
  await writeFile(here("dist/libc.so"), await Promise.any(found));
}

/**
 * @param {Record<string, string>} files
 * @param {string[]} flags
 * @returns {Promise<Uint8Array>}
 */
async function clang(files, flags) {
  const sources = Object.keys(files).filter((name) => name.endsWith(".c"));
  const all = { ...files, "units.h": await text("units.h") };
  /** @type {Uint8Array[]} */
  const messages = [];
  /** @param {Uint8Array | null} bytes */
  const stderr = (bytes) => void (bytes && messages.push(bytes.slice()));
  try {
    const built = await runClang([...CLANG, ...flags, ...sources, "-o", "out"], all, { decodeASCII: false, stderr });
    return /** @type {Uint8Array} */ (built?.out);
  } catch (cause) {
    throw new Error(Buffer.concat(messages).toString(), { cause });
  }
}

/**
 * No directory is given to the result: what the plug-ins have entered is in it.
 * @param {string} name
 */
async function check(name) {
  const directory = await transpile(here(`dist/${name}.init.wasm`), here(`dist/${name}`));
  const { convert } = await (await instantiator(directory))();
  const answers = [
    convert(100, "celsius-to-fahrenheit"),
    convert(12, "furlongs-to-miles"),
    convert(2, "inches-to-millimetres"),
    convert(1, "bushels-to-pecks"),
  ];
  console.log(
    `${name}.init.wasm: 100 C = ${answers[0]} F, 12 furlongs = ${answers[1]} miles, 2 inches = ${answers[2]} mm`,
  );
  if (answers.join() === "212,1.5,50.8,NaN") return;
  console.error("These are not the answers that were expected.");
  process.exitCode = 1;
}
