import { ResourceHandle } from "../abi/resources.js";
import type { Store } from "../abi/store.js";
import { captureTrace, framesOf, Resource } from "../wasi/handles.js";

/** A handle to a resource that is not the host's: the component's own, or one of an import that the caller provided. */
export interface OwnedHandle {
  /** The JavaScript object behind it, where an import provides the resource. */
  readonly resource: object | undefined;
  /** The import of a core module through which it was made, where that has a name. */
  readonly createdBy: string | undefined;
  /** The frames at that call, innermost first, one a line. */
  readonly stack: string;
}

/** A guest may make millions of resources of its own, and a trace takes longer than all else: only the first have one. */
const MAX_TRACES = 10_000;
/** Deep enough to get through the host to the guest. */
const STACK_DEPTH = 24;

/** Notes where the guest gets the handles that it owns. */
export class HandleOrigins {
  #traces = 0;

  readonly note = (handle: ResourceHandle, createdBy: string | undefined): void => {
    // The host's own resources carry their origin themselves.
    if (handle.rep instanceof Resource) return;
    const trace = this.#traces++ < MAX_TRACES ? captureTrace(STACK_DEPTH) : undefined;
    handle.origin = { createdBy, trace };
  };
}

/** What is owned beyond the host's own resources, of which the host knows. */
export function ownedHandles({ instances }: Store): OwnedHandle[] {
  return instances.flatMap(({ handles }) =>
    [...handles].flatMap((entry) => {
      if (!(entry instanceof ResourceHandle) || !entry.own || entry.rep instanceof Resource) return [];
      const { createdBy, trace } = entry.origin ?? {};
      const resource = typeof entry.rep === "object" ? entry.rep : undefined;
      return [{ resource, createdBy, stack: trace === undefined ? "" : framesOf(trace) }];
    }),
  );
}
