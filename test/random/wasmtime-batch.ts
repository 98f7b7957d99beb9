import type { Call } from "../support/session.js";
import { WasmtimeProcess } from "../support/wasmtime-process.js";
import { NEWEST } from "../support/wasmtime-versions.js";
import type { Life } from "./v8.js";

/** Many short lives in one Wasmtime process. */
export class WasmtimeBatch {
  private readonly process = new WasmtimeProcess(NEWEST.python);

  /** @param waits - whether functions may wait, which a component with async functions needs */
  live(name: string, component: Uint8Array, calls: readonly Call[], waits = false): Promise<Life> {
    return this.process.ask<Life>(name, {
      component: Buffer.from(component).toString("base64"),
      calls: calls.map((call) => ({ export: call.export, args: call.args ?? [] })),
      features: "all",
      waits,
      // Compiling takes longer than running here.
      isShort: true,
    });
  }

  close(): void {
    this.process.close();
  }
}
