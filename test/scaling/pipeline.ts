import { encodeComponent } from "../../src/component/encode.js";
import { ComponentInitError } from "../../src/errors.js";
import { compile, initialize } from "../../src/host/initialize.js";
import { chooseInit } from "../../src/instrument/choose-init.js";
import { instrument } from "../../src/instrument/instrument.js";
import type { JcoThread } from "../../src/jco/jco-thread.js";
import { findCorrespondence } from "../../src/rewrite/correspondence.js";
import { rewrite } from "../../src/rewrite/rewrite.js";
import { takeSnapshot } from "../../src/snapshot/take.js";
import type { Specialized } from "../../src/specialize/model.js";
import { specialize } from "../../src/specialize/specialize.js";
import { validateInput } from "../../src/verify/input.js";
import { verifyState } from "../../src/verify/state.js";
import { verify } from "../../src/verify/verify.js";

const HOST = { args: ["component.wasm"], env: {}, stdin: new Uint8Array(), preopens: [] };

/** What wasm-tools does in its thread is not counted. */
const NO_THREAD = { validate: async () => undefined } as unknown as JcoThread;

/** Of equal instances it may have to be said which is which. */
function correspond(source: Specialized, target: Specialized): void {
  try {
    findCorrespondence(source, target);
  } catch (error) {
    if (!(error instanceof ComponentInitError) || error.code !== "no-correspondence") throw error;
  }
}

/** All phases of a pre-initialization, with and without garbage collection. */
export async function runPipeline(bytes: Uint8Array, initFunc: string): Promise<void> {
  const specialized = specialize(bytes);
  const init = chooseInit(specialized, initFunc);
  const instrumented = instrument(specialized);
  encodeComponent(instrumented.component, instrumented.chunksOf).toBytes();
  await validateInput(bytes, {}, NO_THREAD);
  const modules = await compile(instrumented);
  const initialized = await initialize({ instrumented, modules }, init, HOST);
  const snapshot = takeSnapshot(initialized);
  correspond(specialize(bytes), specialize(bytes));
  for (const gc of [false, true]) {
    const rewritten = rewrite(specialize(bytes), snapshot, { gc, remove: init });
    const output = encodeComponent(rewritten.component).toBytes();
    const bodies = instrumented.modules.flatMap(({ unchangedBodies }) => unchangedBodies ?? []);
    await verify(rewritten, NO_THREAD, bodies);
    const again = instrument(specialize(output));
    const alive = await initialize({ instrumented: again, modules: await compile(again) }, { kind: "none" }, HOST);
    const { instances, indexOf } = rewritten;
    verifyState(alive, { snapshot, instances, indexOf, initialized });
  }
}
