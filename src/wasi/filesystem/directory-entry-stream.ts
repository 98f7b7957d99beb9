import type { HostContext } from "../context.js";
import { type HandleOrigin, Resource } from "../handles.js";
import type { DirectoryEntry } from "./source.js";

export class DirectoryEntryStream extends Resource {
  readonly #entries: Iterator<DirectoryEntry>;

  constructor({ handles }: HostContext, entries: readonly DirectoryEntry[], origin: HandleOrigin) {
    super(handles, { type: "directory-entry-stream", interface: "wasi:filesystem/types" }, origin);
    this.#entries = entries.values();
  }

  readDirectoryEntry(): DirectoryEntry | undefined {
    const next = this.#entries.next();
    return next.done === true ? undefined : next.value;
  }
}
