import { ComponentInitError } from "../errors.js";
import { shortened, shortenedLines } from "../shortened.js";
import { parseWasmFrame, stackFrames } from "../stack-frames.js";
import type { LiveHandle } from "../wasi/index.js";
import { type Output, printedBy, wasmFrames } from "./failure.js";
import type { OwnedHandle } from "./guest-handles.js";

/** What becomes of a component whose initialization ends with handles held. */
export type HandlePolicy = "error" | "warn" | "allow";

/** A handle that the guest still held when its initialization ended. In the output it means nothing. */
export interface HeldHandle {
  /** Whose resource it is: the host's, an import's that the caller provided, or the component's own; or the async ABI's. */
  readonly of: "host" | "import" | "component" | "async";
  /** The resource type in WIT, `descriptor`; absent for the component's own. */
  readonly type?: string;
  /** The path of a file, the name of a standard stream. */
  readonly detail?: string;
  /** The file descriptor by which a WASI preview 1 program knows it. */
  readonly fd?: number;
  /** The import that made it: `wasi:filesystem/types#[method]descriptor.open-at`. */
  readonly createdBy?: string;
  /** The core module whose code asked for it, as stack traces call it. */
  readonly owner?: string;
}

/** What a guest still held: it can hold any number of handles. */
export interface HeldHandles {
  /** The first ones. */
  readonly listed: readonly HeldHandle[];
  /** How many there are in all. */
  readonly count: number;
}

/** How many handles are listed, in the report and below an error. */
const MAX_LISTED = 1000;
const MAX_LINES = 100;

/** With the frames of the call that made it. */
export type FoundHandle = HeldHandle & { readonly stack: string };

/**
 * The handles that would dangle in the output, where all tables start empty. Those that the preview 1 adapter holds for
 * itself (standard streams and preopens) are not used again, because it starts afresh.
 *
 * @param before - the host's, when initialization ended
 * @param after - those that are left after C libraries were made to forget what they know of the host. They close what
 *   they hold for themselves, and with it files that the guest has left open and would use again
 */
export function danglingHandles(
  before: readonly LiveHandle[],
  after: readonly LiveHandle[],
  owned: readonly OwnedHandle[],
): FoundHandle[] {
  const left = new Set(after);
  const open = before.filter((handle) => left.has(handle) || handle.createdBy.endsWith("descriptor.open-at"));
  const files = withoutStreamsOfFiles(open.filter((handle) => !isHeldByAdapter(handle)));
  return [...files.map(describeHosted), ...owned.map(describeOwned)];
}

/**
 * @returns what the report lists
 * @throws ComponentInitError `live-handles`
 */
export function checkHandles(
  dangling: readonly FoundHandle[],
  policy: HandlePolicy | undefined,
  output: Output,
): HeldHandles {
  const [first] = dangling;
  if (first !== undefined && policy !== "warn" && policy !== "allow") {
    throw new ComponentInitError("live-handles", `${summary(first, dangling.length)}: ${adviceFor(first)}`, {
      details: [
        ...shortenedLines(dangling.map(formatHandle), MAX_LINES),
        ...wasmFrames(first.stack),
        ...printedBy(output),
      ],
    });
  }
  return {
    listed: dangling.slice(0, MAX_LISTED).map(({ stack, ...handle }) => withShortTexts(handle)),
    count: dangling.length,
  };
}

/** Components call their modules and imports what they like, and a guest its files. */
function withShortTexts(handle: HeldHandle): HeldHandle {
  const entries = Object.entries(handle).map(([name, value]) => [
    name,
    typeof value === "string" ? shortened(value) : value,
  ]);
  return Object.fromEntries(entries) as HeldHandle;
}

/** What the report says where handles are no error. */
export function handleWarnings({ listed: [first], count }: HeldHandles, policy?: HandlePolicy): string[] {
  if (first === undefined || policy !== "warn") return [];
  const it = count === 1 ? "it" : "one";
  return [`${summary(first, count)}: in the output a use of ${it} fails, or reaches what got the same number`];
}

function summary(first: HeldHandle, count: number): string {
  const { of, type, createdBy } = withShortTexts(first);
  const origin = createdBy === undefined ? "" : ` made by ${createdBy}`;
  const which = count === 1 ? KINDS[of] : `${count} resources held`;
  const example = count === 1 && type === undefined ? origin : `, ${whichOf(first, count)}${origin}`;
  return `initialization ended with ${which}${example}`;
}

const KINDS = {
  host: "a host resource open",
  import: "a resource of a provided import held",
  component: "a handle to resources of the component itself",
  async: "a handle of the async canonical ABI held",
};

function whichOf({ of, type, detail }: HeldHandle, count: number): string {
  const which =
    type === undefined ? KINDS[of] : `${articleOf(type)} ${type}${detail === undefined ? "" : ` (${detail})`}`;
  return count === 1 ? which : `the first ${which}`;
}

function articleOf(type: string): string {
  return /^[aeiou]/.test(type) ? "an" : "a";
}

function adviceFor({ type, createdBy }: HeldHandle): string {
  const isTimer = type === "pollable" && createdBy?.startsWith("wasi:clocks/");
  const advice = isTimer ? "let timers end before initialization does" : "close it before initialization ends";
  return `${advice}, or take the snapshot all the same with --handles warn`;
}

function formatHandle({ of, type, createdBy, detail, fd, owner }: HeldHandle): string {
  const origin = createdBy === undefined ? "" : ` made by ${createdBy}`;
  const held = owner === undefined ? "" : `, held by ${owner}`;
  const number = fd === undefined ? "" : ` as file descriptor ${fd}`;
  return `  ${type ?? `resource of the ${of}`}${origin}${held}${number}${detail === undefined ? "" : `: ${detail}`}`;
}

function describeHosted({ type, detail, fd, createdBy, stack }: LiveHandle): FoundHandle {
  const what = { type, ...optional("detail", detail), ...optional("fd", fd) };
  return { of: "host", ...what, createdBy, ...optional("owner", ownerOf(stack)), stack };
}

function describeOwned({ resource, createdBy, stack }: OwnedHandle): FoundHandle {
  const origin = { ...optional("createdBy", createdBy), ...optional("owner", ownerOf(stack)), stack };
  // The name of the class is all that is known of a provided resource.
  return resource === undefined
    ? { of: "component", ...origin }
    : { of: "import", type: resource.constructor.name, ...origin };
}

function optional<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]: V });
}

/** What the adapter opens on its own account. Files that it opened for the guest are the guest's. */
const ADAPTER_STATE = /#(get-stdin|get-stdout|get-stderr|get-directories|get-terminal-\w+)$/;

function isHeldByAdapter({ byAdapter, createdBy }: LiveHandle): boolean {
  return byAdapter && ADAPTER_STATE.test(createdBy);
}

/** The adapter reads and writes a file through streams that it opens when first needed: they are one file to a user. */
function withoutStreamsOfFiles(handles: readonly LiveHandle[]): LiveHandle[] {
  const files = new Set(handles.filter(({ type }) => type === "descriptor").map(({ detail }) => detail));
  return handles.filter(({ type, detail, byAdapter }) => !(byAdapter && /stream$/.test(type) && files.has(detail)));
}

/** wit-component's own modules stand between the code that asks and the import. */
function ownerOf(stack: string): string | undefined {
  const modules = stackFrames(stack).flatMap((frame) => parseWasmFrame(frame)?.module ?? []);
  return modules.find((name) => !/^wit-component([-:]|$)/.test(name));
}
