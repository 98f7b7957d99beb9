import { generate, $init as initBindgen } from "@bytecodealliance/jco-transpile/component";
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";

export type Lowered = { args: unknown[]; memory: DataView };
export type Exports = { [name: string]: Exports & ((...args: unknown[]) => unknown) };

/**
 * The bindings that jco generates for a component that exports `wit`, around a core instance of ours: `lowered` gives
 * the core arguments of the latest call, so a test sees what jco makes of a JavaScript value.
 */
export async function stubbedGlue(wit: string): Promise<{ exports: Exports; lowered: () => Lowered }> {
  const core = await componentEmbed({ witSource: wit, dummy: true, features: { tag: "all" } });
  const component = await componentNew(core, []);
  await initBindgen;
  const { files } = generate(component, {
    name: "stub",
    instantiation: { tag: "async" },
    multiMemory: true,
    noTypescript: true,
    noNodejsCompat: true,
    map: [],
  });
  const glue = files.find(([name]) => name === "stub.js")?.[1] ?? new Uint8Array();
  const url = `data:text/javascript;base64,${Buffer.from(glue).toString("base64")}`;
  const { instantiate } = (await import(/* @vite-ignore */ url)) as { instantiate: Instantiate };
  const memory = { buffer: new ArrayBuffer(65_536) };
  let args: unknown[] = [];
  const instance = { exports: stubExports(memory, (coreArgs) => (args = coreArgs)) };
  const exports = await instantiate(
    () => ({}),
    {},
    () => instance,
  );
  return { exports, lowered: () => ({ args, memory: new DataView(memory.buffer) }) };
}

type Instantiate = (
  getCoreModule: (name: string) => object,
  imports: object,
  instantiateCore: () => { exports: object },
) => Promise<Exports>;

/** Any function a core module could be asked for; the names differ between the conventions of wit-component. */
function stubExports(memory: { buffer: ArrayBuffer }, call: (args: unknown[]) => void): object {
  let top = 1024;
  const realloc = (_pointer: number, _size: number, align: number, size: number) => {
    const pointer = Math.ceil(top / align) * align;
    top = pointer + size;
    return pointer;
  };
  return new Proxy(
    {},
    {
      get(_target, name) {
        if (typeof name !== "string") return undefined;
        if (name.endsWith("memory")) return memory;
        if (name.endsWith("realloc")) return realloc;
        return name.endsWith("_post") ? () => {} : (...args: unknown[]) => call(args);
      },
    },
  );
}
