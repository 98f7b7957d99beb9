import { captureTrace, Resource, stackOf } from "./wasi/handles.js";

/** A handle to a resource that is not the host's: the component's own, or one of an import that the caller provided. */
export interface OwnedHandle {
  /** The JavaScript object behind it, where an import provides the resource. */
  readonly resource: object | undefined;
  /** The import of a core module through which it was made, where that has a name. */
  readonly createdBy: string | undefined;
  /** The frames at that call, innermost first, one a line. */
  readonly stack: string;
}

interface Creation {
  readonly resource: object | undefined;
  readonly createdBy: string | undefined;
  readonly trace: Error | undefined;
}

/** A guest may make millions of resources of its own, and a trace takes longer than all else: only the first have one. */
const MAX_TRACES = 10_000;
const STACK_DEPTH = 12;

/** jco keeps two numbers for each handle: the first is flagged when it is free, the second when it owns. */
const FLAG = 1 << 30;

/** The handles that a guest holds. jco's text, patched, keeps its tables here and tells of each handle that it makes. */
export class GuestHandles {
  readonly tables: (number[] | undefined)[] = [];
  private readonly creations = new Map<number[], Map<number, Creation>>();
  /** What an import returned, until it is told which handle the guest gets for it. */
  private returned: object | undefined;
  private traces = 0;
  /** The imports of core modules that are being called. */
  private readonly calls: (string | undefined)[] = [];

  /** The objects of one resource type of an import by representation: jco notes one right before it makes the handle. */
  newCaptures(): Map<number, object> {
    const note = (resource: object) => {
      this.returned = resource;
    };
    return new (class extends Map<number, object> {
      override set(representation: number, resource: object): this {
        note(resource);
        return super.set(representation, resource);
      }
    })();
  }

  noteCreation(table: number[], handle: number): void {
    const resource = this.returned;
    this.returned = undefined;
    // The host's own resources carry their origin themselves.
    const isTraced = !(resource instanceof Resource) && this.traces++ < MAX_TRACES;
    const trace = isTraced ? captureTrace(STACK_DEPTH) : undefined;
    this.put(table, handle, { resource, createdBy: this.calls.at(-1), trace });
  }

  /** A resource that one component gives another stays what it is, under another handle. */
  noteTransfer(from: number[], handle: number, to: number[], newHandle: number): void {
    const creation = this.creations.get(from)?.get(handle);
    if (creation !== undefined) this.put(to, newHandle, creation);
  }

  /** While a core module calls one of its imports. */
  during<T>(importName: string | undefined, call: () => T): T {
    this.calls.push(importName);
    try {
      return call();
    } finally {
      this.calls.pop();
    }
  }

  /** What is owned beyond the host's own resources, of which the host knows. */
  owned(): OwnedHandle[] {
    return this.tables.flatMap((table = []) =>
      ownedIn(table).flatMap((handle) => {
        const { resource, createdBy, trace } = this.creations.get(table)?.get(handle) ?? {};
        return resource instanceof Resource
          ? []
          : [{ resource, createdBy, stack: trace === undefined ? "" : stackOf(trace) }];
      }),
    );
  }

  private put(table: number[], handle: number, creation: Creation): void {
    let creations = this.creations.get(table);
    if (creations === undefined) {
      creations = new Map();
      this.creations.set(table, creations);
    }
    creations.set(handle, creation);
  }
}

function ownedIn(table: readonly number[]): number[] {
  const owned: number[] = [];
  for (let handle = 1; 2 * handle + 1 < table.length; handle++) {
    const isFree = ((table[2 * handle] as number) & FLAG) !== 0;
    if (!isFree && (table[2 * handle + 1] as number) & FLAG) owned.push(handle);
  }
  return owned;
}
