import { stackOf } from "../deep-stack.js";
import { shortened } from "../shortened.js";

/** A resource that was handed to the guest and that it has not dropped. */
export interface LiveHandle {
  /** The name of the resource type in WIT: `descriptor`, `input-stream`, `pollable`. */
  readonly type: string;
  /** The interface that declares the type, without its version: `wasi:filesystem/types`. */
  readonly interface: string;
  /** The import that made it: `wasi:filesystem/types#[method]descriptor.open-at`. */
  readonly createdBy: string;
  /** The JavaScript and WebAssembly frames at that call, innermost first, one a line. */
  readonly stack: string;
  /** What it stands for: the path of a file, the name of a standard stream. */
  readonly detail?: string;
  /** The file descriptor of preview 1 by which the guest knows it. */
  readonly fd?: number;
  /** Whether an adapter made it for itself, or for the program that it serves, and not that program. */
  readonly byAdapter: boolean;
}

export type HandleDescription = Omit<LiveHandle, "stack" | "byAdapter">;

export interface HandleOrigin {
  readonly createdBy: string;
  readonly detail?: string | undefined;
}

interface Entry extends HandleOrigin {
  readonly type: ResourceType;
  /** Kept as an error because V8 formats a stack only when someone reads it. */
  readonly trace: Error | undefined;
  readonly byAdapter: boolean;
  fd?: number;
  /** Made when first asked for. */
  handle?: LiveHandle;
}

export interface ResourceType {
  readonly type: string;
  readonly interface: string;
}

/** Deep enough to reach the guest's own code below runtime and adapter frames. */
const STACK_DEPTH = 50;

/** A guest may hold millions of handles, and a trace takes more than all else: only the first that it holds at once have one. */
const MAX_TRACES = 10_000;

/** Which resources the guest holds. A handle in a snapshot would dangle, so the ones left at the end are reported. */
export class HandleTracker {
  readonly #live = new Map<Resource, Entry>();
  #latest: Resource | undefined;

  /** @param isAdapterCalling - whether it is an adapter whose call makes a resource */
  constructor(private readonly isAdapterCalling: () => boolean = () => false) {}

  add(resource: Resource, type: ResourceType, origin: HandleOrigin): void {
    this.#latest = resource;
    const { createdBy, detail } = origin;
    const named = { createdBy, detail: detail && shortened(detail) };
    const trace = this.#live.size < MAX_TRACES ? captureTrace(STACK_DEPTH) : undefined;
    this.#live.set(resource, { type, ...named, trace, byAdapter: this.isAdapterCalling() });
  }

  remove(resource: Resource): void {
    this.#live.delete(resource);
  }

  /** The resource that was made last, if the guest still has it. */
  latest(): Resource | undefined {
    return this.#latest && this.#live.has(this.#latest) ? this.#latest : undefined;
  }

  /** Notes by which file descriptor of preview 1 the guest knows a resource. */
  number(resource: Resource, fd: number): void {
    const entry = this.#live.get(resource);
    if (entry !== undefined) entry.fd = fd;
  }

  /** What a resource is, as long as the guest holds it. */
  describe(resource: object): HandleDescription | undefined {
    const entry = this.#live.get(resource as Resource);
    return entry && describeEntry(entry);
  }

  /** In the order in which they were made; the same object for the same resource each time. */
  list(): LiveHandle[] {
    return [...this.#live.values()].map((entry) => (entry.handle ??= toLiveHandle(entry)));
  }
}

/**
 * A resource of the host. `[Symbol.dispose]` is called when the guest drops its handle, so each handle needs an object to
 * itself; a trace puts methods of its own onto it, so it must stay extensible.
 */
export abstract class Resource {
  readonly #handles: HandleTracker;

  constructor(handles: HandleTracker, type: ResourceType, origin: HandleOrigin) {
    this.#handles = handles;
    handles.add(this, type, origin);
  }

  [Symbol.dispose](): void {
    this.#handles.remove(this);
  }
}

export function captureTrace(depth: number): Error {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = depth;
  try {
    return new Error();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

function toLiveHandle(entry: Entry): LiveHandle {
  const stack = entry.trace ? framesOf(entry.trace) : "";
  return { ...describeEntry(entry), stack, byAdapter: entry.byAdapter };
}

function describeEntry({ type, createdBy, detail, fd }: Entry): HandleDescription {
  return { ...type, createdBy, ...(detail !== undefined && { detail }), ...(fd !== undefined && { fd }) };
}

/** The frames of a trace, one a line. */
export function framesOf(trace: Error): string {
  return stackOf(trace).replace(/^Error[^\n]*\n/, "");
}
