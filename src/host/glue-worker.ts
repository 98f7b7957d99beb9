import v8 from "node:v8";
import { parentPort, workerData } from "node:worker_threads";
import type { Glue } from "./glue.js";

// Bindgen runs once and shortly: optimizing its code costs more than it gains.
v8.setFlagsFromString("--wasm-tiering-budget=2000000000");

async function generateGlue(component: Uint8Array): Promise<Glue> {
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
  });
  let source = "";
  const adapters: Record<string, string> = {};
  for (const [name, contents] of files) {
    if (name.endsWith(".js")) source = new TextDecoder().decode(contents);
    else if (name.endsWith(".wasm")) adapters[name] = Buffer.from(contents).toString("base64");
  }
  return { source, adapters };
}

try {
  parentPort?.postMessage({ glue: await generateGlue(workerData as Uint8Array) });
} catch (error) {
  parentPort?.postMessage({ error: describe(error) });
}

/** bindgen throws its message as a payload; a panic is a trap after the message was printed. */
function describe(error: unknown): string {
  const payload = (error as { payload?: unknown } | undefined)?.payload;
  if (typeof payload === "string") return payload;
  return error instanceof Error ? error.message : String(error);
}
