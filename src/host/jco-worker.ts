import { parentPort } from "node:worker_threads";
import type { Glue } from "./glue.js";

interface GenerateRequest {
  readonly kind: "generate";
  readonly component: Uint8Array;
  /** How many core modules are in the component: those that jco adds are numbered after them. */
  readonly moduleCount: number;
  /** Names of imports and what the glue is to call them. */
  readonly map: [string, string][];
}

export type JcoRequest = GenerateRequest | { readonly kind: "validate"; readonly component: Uint8Array };

export type JcoAnswer = { readonly glue: Glue } | { readonly error: string } | { readonly valid: true };

async function generateGlue({ component, moduleCount, map }: GenerateRequest): Promise<Glue> {
  const { $init, generate } = await import("@bytecodealliance/jco-transpile/component");
  await $init;
  const { files } = generate(component, {
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

async function answer(request: JcoRequest): Promise<JcoAnswer> {
  try {
    const { component } = request;
    if (request.kind === "generate") return { glue: await generateGlue(request) };
    const { $init, generateTypes } = await import("@bytecodealliance/jco-transpile/component");
    await $init;
    // Reading the world of a component validates all of it, as `wasm-tools component wit` does, and bindgen is there.
    generateTypes("component", { wit: { tag: "binary", val: component } });
    return { valid: true };
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
