import { expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { checkScripted, directoryOf, dlProgram, textLibrary } from "../support/dlopen.js";
import { jcoSession } from "../support/jco.js";
import { wat } from "../support/wat.js";

test.each([
  ["constructor", "constructor"],
  ["__proto__", "toString"],
  ["wasi_snapshot_preview1", "hasOwnProperty"],
])("a library cannot import what JavaScript's objects have: %s %s", async (module, name) => {
  const library = `(module (@dylink.0)
    (import "${module}" "${name}" (func $imported (param i32) (result externref)))
    (func (export "use") (param i32) (result i32) (ref.is_null (call $imported (i32.const 1)))))`;
  await checkScripted({
    libraries: { "a.so": library },
    init: [["open /lib/a.so 2", `Error relocating a.so: it imports ${name} of ${module}, and the program does not`]],
    after: [],
  });
});

const PROGRAM = `
#include <dlfcn.h>
#include <stdio.h>
__attribute__((import_module("$root"), import_name("double"))) int host_double(int);
__attribute__((export_name("run"))) int run(int n) {
  void *library = dlopen("/lib/a.so", RTLD_NOW);
  if (library == NULL) printf("%s\\n", dlerror());
  fflush(stdout);
  return library == NULL ? host_double(n) : ((int (*)(int))dlsym(library, "use"))(n);
}`;
const WIT = "import double: func(n: s32) -> s32; export run: func(n: s32) -> s32;";

const imports = { double: { default: (n: number) => 2 * n } };

async function openIn(library: string) {
  const component = await dlProgram(PROGRAM, WIT);
  const preopens = [{ host: directoryOf({ "a.so": await wat(library) }), guest: "/lib" }];
  return preinitialize(component, { initFunc: "run(4)", keepInitFunc: true, preopens, imports });
}

test("a library can import what the program does", async () => {
  const library = textLibrary(
    "",
    `(import "$root" "double" (func $double (param i32) (result i32)))
    (func (export "use") (param i32) (result i32) (i32.add (call $double (local.get 0)) (i32.const 1)))`,
  );
  const { component } = await openIn(library);
  const { outcomes } = await jcoSession(component, { calls: [{ export: "run", args: [5] }], imports });
  expect(outcomes).toEqual([{ ok: 11 }]);
});

test("but not as something else, which a function of the host would bear", async () => {
  const library = textLibrary("", `(import "$root" "double" (func (param i64) (result i32)))`);
  const { report } = await openIn(library);
  expect(report.stdout).toBe(
    "Error relocating a.so: it imports double of $root as [i64] -> [i32], and it is [i32] -> [i32]\n",
  );
});
