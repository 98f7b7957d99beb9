import nodeModule from "node:module";
import { parentPort } from "node:worker_threads";

// jco's tools read and write nothing, and the shim that they get in Node starts a thread to wait for that. The other one does not.
nodeModule.registerHooks?.({
  resolve: (specifier, context, next) => {
    if (!specifier.startsWith("@bytecodealliance/preview2-shim/")) return next(specifier, context);
    return next(specifier, { ...context, conditions: context.conditions.filter((one) => one !== "node") });
  },
});

/** What jco's bindgen makes of a component: the canonical ABI in JavaScript. */
export interface Bindings {
  /** The text of a module. */
  readonly source: string;
  /** Core modules that are not the component's own (adapters between nested components), by file name, base64. */
  readonly adapters: Readonly<Record<string, string>>;
}

/** By the module name that it stands for. */
export type Adapter = readonly [name: string, bytes: Uint8Array];

interface GenerateRequest {
  readonly kind: "generate";
  readonly component: Uint8Array;
  /** How many core modules are in the component: those that jco adds are numbered after them. */
  readonly moduleCount: number;
  /** Names of imports and what the glue is to call them. */
  readonly map: [string, string][];
}

export type JcoRequest =
  | GenerateRequest
  | { readonly kind: "validate" | "validate linked"; readonly component: Uint8Array }
  | { readonly kind: "prepare linking" }
  | { readonly kind: "component new"; readonly module: Uint8Array; readonly adapters: readonly Adapter[] };

export type JcoAnswer =
  | { readonly bindings: Bindings }
  | { readonly component: Uint8Array }
  | { readonly done: true }
  | { readonly error: string };

async function generate({ component, moduleCount, map }: GenerateRequest): Promise<Bindings> {
  const bindgen = await loadBindgen();
  const { files } = bindgen.generate(component, {
    name: "component",
    instantiation: { tag: "async" },
    multiMemory: true,
    noTypescript: true,
    base64Cutoff: 0,
    noComponentErrorWrapping: false,
    bindgenEnableWasmExnref: true,
    map,
  });
  let source = "";
  const adapters: Record<string, string> = {};
  for (const [name, contents] of files) {
    if (name.endsWith(".js")) source = new TextDecoder().decode(contents);
    else if (moduleNumber(name) > moduleCount) adapters[name] = Buffer.from(contents).toString("base64");
  }
  return { source, adapters };
}

/** `component.core.wasm`, `component.core2.wasm` and so on. */
function moduleNumber(name: string): number {
  return Number(/\.core(\d*)\.wasm$/.exec(name)?.[1] || 1);
}

async function loadBindgen() {
  const { $init, generate, generateTypes } = await import("@bytecodealliance/jco-transpile/component");
  await $init;
  return { generate, generateTypes };
}

/** Smaller than bindgen, which it is apart from. */
const loadWasmTools = () => import("@bytecodealliance/jco-transpile/wasm-tools");

async function perform(request: JcoRequest): Promise<JcoAnswer> {
  switch (request.kind) {
    case "generate":
      return { bindings: await generate(request) };
    case "validate": {
      const { generateTypes } = await loadBindgen();
      // Reading the world of a component validates all of it, as `wasm-tools component wit` does, and bindgen is there.
      generateTypes("component", { wit: { tag: "binary", val: request.component } });
      return { done: true };
    }
    case "prepare linking":
      await loadWasmTools();
      return { done: true };
    case "component new": {
      const { componentNew } = await loadWasmTools();
      return { component: await componentNew(request.module, request.adapters as [string, Uint8Array][]) };
    }
    case "validate linked": {
      const { componentWit } = await loadWasmTools();
      await componentWit(request.component);
      return { done: true };
    }
  }
}

async function answer(request: JcoRequest): Promise<JcoAnswer> {
  try {
    return await perform(request);
  } catch (error) {
    return { error: describe(error) };
  }
}

/** jco throws its message as a payload; a panic is a trap after the message was printed. */
function describe(error: unknown): string {
  const payload = (error as { payload?: unknown } | undefined)?.payload;
  if (typeof payload === "string") return payload;
  return error instanceof Error ? error.message : String(error);
}

let last: Promise<unknown> = Promise.resolve();
parentPort?.on("message", (request: (JcoRequest & { id: number }) | { kind: "close" }) => {
  last = last.then(async () => {
    if (request.kind === "close") parentPort?.close();
    else parentPort?.postMessage({ ...(await answer(request)), id: request.id });
  });
});
