import { describe, expect, test } from "vitest";
import { checkComponent, checkOptions } from "../src/check-options.js";
import { ComponentInitError } from "../src/errors.js";
import { preinitialize } from "../src/library.js";
import { instrument, rewrite } from "../src/phases.js";
import type { PreinitializeOptions } from "../src/preinitialize.js";

const NOTHING = () => undefined;

const ALL: Required<PreinitializeOptions> = {
  initFunc: "init",
  keepInitFunc: true,
  args: ["a"],
  env: { A: "b" },
  stdin: new Uint8Array(),
  preopens: [{ host: ".", guest: "/" }, { archive: "a.tar" }, { archive: "a.tar", guest: "/lib", mode: "overlay" }],
  maxArchiveSize: 0,
  maxWritten: 1,
  maxMemory: 2 ** 33,
  network: ["localhost:80"],
  imports: { "a:b/c": { write: NOTHING } },
  importModules: { "a:b/c": "c.js", "a:b/d": new URL("file:///d.js") },
  isolate: false,
  timeout: 1,
  onOutput: NOTHING,
  onHostCall: NOTHING,
  handles: "warn",
  forget: ["adapter", "preopens", "environ"],
  onto: Buffer.alloc(1),
  correspondence: { a: "b" },
  modules: { a: new Uint8Array() },
  components: {},
  dlopen: {
    libraries: { "a.so": new Uint8Array() },
    libraryPath: ["."],
    keep: true,
    plan: { version: 1, sha256: "", loads: [] },
  },
  gc: false,
  verify: false,
  onPhase: { start: NOTHING, end: NOTHING },
  clock: new Date(),
  seed: 1n,
  random: "real",
};

test("every option is taken", () => {
  expect(() => checkOptions(ALL)).not.toThrow();
  expect(() => checkOptions({ ...ALL, network: true })).not.toThrow();
  expect(() => checkOptions(Object.fromEntries(Object.keys(ALL).map((name) => [name, undefined])))).not.toThrow();
});

describe("refused, with what would do", () => {
  test.each<[unknown, string]>([
    ["init", 'the options must be an object, not "init"'],
    [null, "the options must be an object, not null"],
    [{ initFunction: "init" }, "there is no option initFunction: did you mean initFunc?"],
    [{ stdIn: 1 }, "there is no option stdIn: did you mean stdin?"],
    [{ toString: 1 }, expect.stringMatching(/^there is no option toString: known are initFunc, keepInitFunc, /)],
    [{ initFunc: ["init"] }, "initFunc must be a string, not a list"],
    [{ args: "a b" }, 'args must be a list, not "a b"'],
    [{ args: [1] }, "args[0] must be a string"],
    [{ env: [["A", "b"]] }, "env must be an object, not a list"],
    [{ env: { A: 1 } }, 'env["A"] must be a string'],
    [{ dlopen: { library: {} } }, "dlopen.library must be left out: known are libraries, libraryPath, keep, plan"],
    [{ dlopen: { libraries: { a: "b" } } }, 'dlopen.libraries["a"] must be a Uint8Array'],
    [{ dlopen: { plan: { version: 2 } } }, "dlopen.plan must be a linking plan of this version"],
    [{ stdin: "text" }, 'stdin must be a Uint8Array, not "text"'],
    [{ preopens: "." }, 'preopens must be a list, not "."'],
    [{ preopens: [".::/"] }, "preopens[0] must be an object with host or archive"],
    [{ preopens: [{ guest: "/" }] }, "preopens[0] must be an object with host or archive"],
    [{ preopens: [{ host: ".", archive: "a", guest: "/" }] }, "preopens[0] must be an object with host or archive"],
    [{ preopens: [{ host: "." }] }, "preopens[0].guest must be a string"],
    [{ preopens: [{ archive: 1 }] }, "preopens[0].archive must be a string"],
    [
      { preopens: [{ host: ".", guest: "/", readOnly: true }] },
      "preopens[0].readOnly must be left out: known are host, archive, guest, mode",
    ],
    [{ maxMemory: "512MiB" }, 'maxMemory must be a number of bytes, not "512MiB"'],
    [{ maxWritten: -1 }, "maxWritten must be a number of bytes, not -1"],
    [{ network: "localhost:80" }, 'network must be true or a list of HOST:PORT, not "localhost:80"'],
    [{ imports: { "a:b/c": "c.js" } }, 'imports["a:b/c"] must be an object'],
    [{ importModules: { "a:b/c": {} } }, 'importModules["a:b/c"] must be a path or a file: URL'],
    [{ handles: "ignore" }, 'handles must be "error" or "warn" or "allow", not "ignore"'],
    [{ modules: { lib: "lib.wasm" } }, 'modules["lib"] must be a Uint8Array'],
    [{ onto: new ArrayBuffer(1) }, "onto must be a Uint8Array, not an object of ArrayBuffer"],
    [{ verify: 1 }, "verify must be true or false, not 1"],
    [{ onOutput: true }, "onOutput must be a function, not true"],
    [{ onPhase: NOTHING }, "onPhase must be an object with the functions start and end, not a function"],
  ])("%o", (options, message) => {
    expect(() => checkOptions(options)).toThrow(
      expect.objectContaining({ name: "ComponentInitError", code: "invalid-option", message }),
    );
  });

  test.each<[unknown, string]>([
    ["app.wasm", 'the component must be a Uint8Array, not "app.wasm": read the file, or parse the text, first'],
    [undefined, "the component must be a Uint8Array, not undefined"],
    [Promise.resolve(), "the component must be a Uint8Array, not an object of Promise"],
  ])("%o as the component", (bytes, message) => {
    expect(() => checkComponent(bytes)).toThrow(expect.objectContaining({ code: "invalid-option", message }));
  });

  test("by everything that takes a component or options", async () => {
    const path = "app.wasm" as unknown as Uint8Array;
    const refused = { code: "invalid-option", message: expect.stringMatching(/^the component must be/) };
    await expect(preinitialize(path)).rejects.toMatchObject(refused);
    await expect(rewrite(path, { instances: [] })).rejects.toMatchObject(refused);
    expect(() => instrument(path)).toThrow(ComponentInitError);
    const unknown = { dirs: [] } as PreinitializeOptions;
    await expect(preinitialize(new Uint8Array(), unknown)).rejects.toThrow("there is no option dirs");
  });
});
