import { parentPort } from "node:worker_threads";

/** By the module name that it stands for. */
export type Adapter = readonly [name: string, bytes: Uint8Array];

export type JcoRequest =
  | { readonly kind: "validate"; readonly component: Uint8Array }
  | { readonly kind: "prepare" }
  | { readonly kind: "component new"; readonly module: Uint8Array; readonly adapters: readonly Adapter[] };

export type JcoAnswer = { readonly component: Uint8Array } | { readonly done: true } | { readonly error: string };

const loadWasmTools = () => import("#wasm-tools");

async function perform(request: JcoRequest): Promise<JcoAnswer> {
  switch (request.kind) {
    case "prepare":
      await loadWasmTools();
      return { done: true };
    case "component new": {
      const { componentNew } = await loadWasmTools();
      return { component: await componentNew(request.module, request.adapters as [string, Uint8Array][]) };
    }
    case "validate": {
      const { componentWit } = await loadWasmTools();
      // Reading the world of a component validates all of it.
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
