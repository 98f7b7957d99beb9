// Builds the libraries in this folder with the compiler that the package pins: node shared-libs/build.mjs
import { readFile, writeFile } from "node:fs/promises";
import { componentEmbed } from "@bytecodealliance/jco-transpile/wasm-tools";
import { runClang, runLLVM } from "@yowasp/clang";

const WARNINGS = ["-Os", "-g0", "-Wall", "-Wextra", "-Werror"];
const COMMON = ["--target=wasm32-wasip1", ...WARNINGS];
// Whatever runs components runs this.
const WASM32 = ["--target=wasm32-unknown-unknown", "-mcpu=mvp", ...WARNINGS];
const WASM64 = ["--target=wasm64-unknown-unknown", "-mcpu=mvp", ...WARNINGS];
const FREESTANDING = ["-nostdlib", "-fno-builtin", "-fvisibility=hidden", "-Wl,--no-entry", "-Wl,--strip-all"];
const SHARED = ["-fPIC", "-shared", "-Wl,--allow-undefined"];
const DL_FUNCTIONS = ["dlopen", "dlsym", "dlclose", "dlerror"];

const read = (path) => readFile(new URL(path, import.meta.url), "utf8");

/** What each file in this folder is built by. */
const BUILDS = {
  "libdl/libdl.so": async () => {
    const exported = DL_FUNCTIONS.map((name) => `-Wl,--export=${name}`);
    return compile({ "libdl.c": await read("libdl/libdl.c"), ...(await symbols()) }, [
      ...COMMON,
      ...FREESTANDING,
      ...SHARED,
      ...exported,
    ]);
  },
  "dlopen/world.h": async () => Buffer.from(worldHeader(await worldSection("guest"))),
  "dlopen/libdl.so": async () =>
    compile(await guestFiles(), [...COMMON, ...SHARED, "-fvisibility=default", "-Wl,--strip-debug"]),
  "dlopen/lookup.wasm": lookup,
  "dlopen/adapter.wasm": () => adapter(WASM32, []),
  "dlopen/adapter64.wasm": () => adapter(WASM64, []),
  "dlopen/forwarder.wasm": () => adapter(WASM32, ["-DFORWARD"]),
  "dlopen/forwarder64.wasm": () => adapter(WASM64, ["-DFORWARD"]),
};

export const BUILT = Object.keys(BUILDS);

/** @returns the bytes of a file that is built */
export function build(path) {
  return BUILDS[path]();
}

const symbols = async () => ({ "symbols.h": await read("symbols.h") });

const guestFiles = () => dlopenFiles(["libdl.c", "dlopen_bytes.h", "world.h"]);

async function dlopenFiles(names) {
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await read(`dlopen/${name}`)])));
}

/** What answers for libraries. Its stack comes first, so that the table can be put behind all else. */
async function lookup() {
  const exported = [
    "-Wl,--export=component_init_root",
    "-Wl,--export=__heap_base",
    "-Wl,--stack-first",
    "-Wl,-z,stack-size=4096",
  ];
  const names = ["lookup.c", "lookup.h"];
  return compile({ ...(await dlopenFiles(names)), ...(await symbols()) }, [...WASM32, ...FREESTANDING, ...exported]);
}

/** What stands between it and a program, in the program's memory. */
async function adapter(target, flags) {
  const own = ["-fno-delete-null-pointer-checks", "-Wno-unused-parameter"];
  const linking = ["-Wl,--import-memory", "-Wl,-z,stack-size=0"];
  return compile(await dlopenFiles(["adapter.c", "lookup.h"]), [
    ...target,
    ...FREESTANDING,
    ...own,
    ...linking,
    ...flags,
  ]);
}

/** What says that a module is for a world. */
async function worldSection(world) {
  const empty = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);
  const embedded = await componentEmbed({ binary: empty, witSource: await read("dlopen/dlopen.wit"), world });
  const [section] = WebAssembly.Module.customSections(await WebAssembly.compile(embedded), "component-type");
  return new Uint8Array(section);
}

/** An object file keeps it, so it comes into every program that has the object. */
function worldHeader(bytes) {
  const lines = Array.from({ length: Math.ceil(bytes.length / 20) }, (_, i) => {
    return `        ".byte ${[...bytes.subarray(i * 20, i * 20 + 20)].join(",")}\\n"`;
  });
  return `/* The world of dlopen.wit, as wasm-tools encodes it: built by build.mjs. */
__asm__(".section \\".custom_section.component-type:component-init-dlopen\\",\\"\\",@\\n"
${lines.join("\n")}
        ".text\\n");
`;
}

async function compile(files, flags) {
  // Without arguments it only loads its resources, and would print how far it got.
  await runLLVM(null, {}, { fetchProgress: () => {} });
  const messages = [];
  const stderr = (bytes) => bytes !== null && messages.push(Buffer.from(bytes));
  const sources = Object.keys(files).filter((name) => name.endsWith(".c"));
  try {
    const built = await runClang(["clang", ...flags, ...sources, "-o", "out"], files, { decodeASCII: false, stderr });
    return built.out;
  } catch (cause) {
    throw new Error(`clang failed: ${Buffer.concat(messages)}`, { cause });
  }
}

if (import.meta.main) {
  for (const path of BUILT) await writeFile(new URL(path, import.meta.url), await build(path));
}
