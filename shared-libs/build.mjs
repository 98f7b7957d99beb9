// Builds the libraries in this folder with the compiler that the package pins: node shared-libs/build.mjs
import { readFile, writeFile } from "node:fs/promises";
import { runClang, runLLVM } from "@yowasp/clang";

const FLAGS = [
  "--target=wasm32-wasip1",
  "-Os",
  "-g0",
  "-fPIC",
  "-shared",
  "-nostdlib",
  "-fno-builtin",
  "-fvisibility=hidden",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-Wl,--no-entry",
  "-Wl,--allow-undefined",
  "-Wl,--strip-all",
  ...["dlopen", "dlsym", "dlclose", "dlerror"].map((name) => `-Wl,--export=${name}`),
];

/** @returns the bytes of `libdl.so` */
export async function buildLibdl() {
  const source = await readFile(new URL("libdl/libdl.c", import.meta.url), "utf8");
  // Without arguments it only loads its resources, and would print how far it got.
  await runLLVM(null, {}, { fetchProgress: () => {} });
  const messages = [];
  const stderr = (bytes) => bytes !== null && messages.push(Buffer.from(bytes));
  try {
    const files = await runClang(
      ["clang", ...FLAGS, "libdl.c", "-o", "libdl.so"],
      { "libdl.c": source },
      { decodeASCII: false, stderr },
    );
    return files["libdl.so"];
  } catch (cause) {
    throw new Error(`clang failed: ${Buffer.concat(messages)}`, { cause });
  }
}

if (import.meta.main) await writeFile(new URL("libdl/libdl.so", import.meta.url), await buildLibdl());
