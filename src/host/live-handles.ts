import { ComponentInitError } from "../errors.js";
import { type Output, printedBy, wasmFrames } from "./failure.js";
import { countOwned, type HandleTables } from "./glue.js";
import type { LiveHandle } from "./wasi/index.js";

/**
 * Refuses a component whose initialization ended with resources open: a handle in its memory would mean nothing in the
 * output, where all tables start empty. Those that the preview 1 adapter holds for itself (standard streams and
 * preopens) are not used again, because it starts afresh.
 *
 * @throws ComponentInitError `live-handles`
 */
export function checkHandles(live: readonly LiveHandle[], tables: HandleTables, output: Output): void {
  const dangling = live.filter((handle) => !isHeldByAdapter(handle));
  const [first] = dangling;
  if (first !== undefined) {
    throw new ComponentInitError("live-handles", describe(first, dangling.length), {
      details: [...dangling.map(formatHandle), ...wasmFrames(first.stack), ...printedBy(output)],
    });
  }
  checkProvidedResources(live.length, tables);
  checkOwnResources(tables);
}

function describe(first: LiveHandle, count: number): string {
  const detail = first.detail === undefined ? "" : ` (${first.detail})`;
  const number = count === 1 ? "a host resource" : `${count} host resources`;
  return (
    `initialization ended with ${number} open, ${count === 1 ? "" : "the first "}a ${first.type}${detail} made by ` +
    `${first.createdBy}: ${adviceFor(first)}`
  );
}

function adviceFor({ type, createdBy }: LiveHandle): string {
  if (type === "pollable" && createdBy.startsWith("wasi:clocks/")) return "let timers end before initialization does";
  return "close it before initialization ends";
}

function formatHandle({ type, createdBy, detail }: LiveHandle): string {
  return `  ${type} made by ${createdBy}${detail === undefined ? "" : `: ${detail}`}`;
}

/** Resources of imports that the caller provides are seen in jco's tables alone. */
function checkProvidedResources(known: number, { tables, imported }: HandleTables): void {
  const owned = tables.reduce(
    (sum, table, i) => sum + (table !== undefined && imported.has(i) ? countOwned(table) : 0),
    0,
  );
  if (owned <= known) return;
  const number = owned - known === 1 ? "a resource" : `${owned - known} resources`;
  throw new ComponentInitError(
    "live-handles",
    `initialization ended with ${number} of provided imports open: drop them before it ends`,
  );
}

function checkOwnResources({ tables, imported }: HandleTables): void {
  tables.forEach((table, index) => {
    const owned = table === undefined || imported.has(index) ? 0 : countOwned(table);
    if (owned === 0) return;
    throw new ComponentInitError(
      "live-handles",
      `initialization ended with ${owned === 1 ? "a handle" : `${owned} handles`} to resources of the component ` +
        "itself: drop them before it ends",
    );
  });
}

/** wit-component names its adapters so; V8 shows the name in a stack. */
const ADAPTER_FRAME = /wasm:\/\/wasm\/wit-component:adapter:/;

/** What the adapter opens on its own account. Files that it opened for the guest are the guest's. */
const ADAPTER_STATE = /#(get-stdin|get-stdout|get-stderr|get-directories|get-terminal-\w+)$/;

/** The adapter calls its imports itself, or through wit-component's shim. */
function isHeldByAdapter({ stack, createdBy }: LiveHandle): boolean {
  const callers = stack.split("\n").filter((line) => line.includes("wasm://"));
  return ADAPTER_STATE.test(createdBy) && callers.slice(0, 2).some((line) => ADAPTER_FRAME.test(line));
}
