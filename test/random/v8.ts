import vm from "node:vm";
import { generate, $init as initBindgen } from "@bytecodealliance/jco-transpile/component";
import { toCamelCase } from "../../src/wave/js-names.js";
import { type Call, normalise, type Outcome } from "../support/session.js";

type Instantiate = (
  getCoreModule: (name: string) => WebAssembly.Module,
  imports: object,
) => Promise<Record<string, (...args: unknown[]) => unknown>>;

/** How a component's life went: its calls up to the first trap, or why it did not come to life. */
export type Life =
  | { readonly outcomes: readonly Outcome[] }
  | { readonly instantiationError: string }
  | { readonly failure: string };

/**
 * Runs a component without imports in this process. The bindings are a script, which is collected like anything else;
 * a module that is imported stays for good.
 */
export async function liveInV8(component: Uint8Array, calls: readonly Call[]): Promise<Life> {
  const bind = await bindings(component);
  let exports: Awaited<ReturnType<Instantiate>>;
  try {
    exports = await bind();
  } catch (error) {
    return { instantiationError: String(error) };
  }
  const outcomes: Outcome[] = [];
  for (const call of calls) {
    const outcome = makeCall(exports, call);
    outcomes.push(outcome);
    if ("trap" in outcome) break;
  }
  return { outcomes };
}

async function bindings(component: Uint8Array): Promise<() => ReturnType<Instantiate>> {
  await initBindgen;
  const { files } = generate(component, {
    name: "component",
    instantiation: { tag: "async" },
    multiMemory: true,
    noTypescript: true,
    noNodejsCompat: true,
    bindgenEnableWasmExnref: true,
    base64Cutoff: 0,
  });
  const byName = new Map(files);
  const text = new TextDecoder()
    .decode(byName.get("component.js"))
    .replace(/^\s*export function instantiate\(/m, "function instantiate(")
    .replace(/^\s*export const _util\b/m, "const _util")
    .replaceAll("import.meta.url", "undefined");
  const script = new vm.Script(`(() => { ${text}\nreturn instantiate; })()`, { filename: "random-case.js" });
  const compiled = new Map<string, WebAssembly.Module>();
  const getCoreModule = (name: string) => {
    const known = compiled.get(name) ?? new WebAssembly.Module(byName.get(name) as Uint8Array<ArrayBuffer>);
    compiled.set(name, known);
    return known;
  };
  return async () => (script.runInThisContext() as Instantiate)(getCoreModule, {});
}

function makeCall(exports: Awaited<ReturnType<Instantiate>>, call: Call): Outcome {
  const func = exports[toCamelCase(call.export as string)];
  if (func === undefined) throw new Error(`the component does not export ${call.export}`);
  try {
    return { ok: normalise(func(...(call.args ?? []))) };
  } catch (error) {
    return { trap: error instanceof Error ? error.message : String(error) };
  }
}
