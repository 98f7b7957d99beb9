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
  checkTables(live.length, tables);
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

/**
 * What the tables hold beyond what the host has given out: resources of the component itself, and of imports that the
 * caller provides. Every table counts, since jco says of a nested component's tables nowhere whose resources they hold.
 * The host's that are open at this point were handed to the guest and not taken back, so each is in some table.
 */
function checkTables(known: number, { tables, imported }: HandleTables): void {
  const owned = tables.map((table) => (table === undefined ? 0 : countOwned(table)));
  const unknown = sum(owned) - known;
  if (unknown <= 0) return;
  const isProvided = sum(owned.filter((_, index) => imported.has(index))) > known;
  const message = isProvided
    ? `${unknown === 1 ? "a resource" : `${unknown} resources`} of provided imports open`
    : `${unknown === 1 ? "a handle" : `${unknown} handles`} to resources of the component itself`;
  throw new ComponentInitError(
    "live-handles",
    `initialization ended with ${message}: drop ${unknown === 1 ? "it" : "them"} before it ends`,
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
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
