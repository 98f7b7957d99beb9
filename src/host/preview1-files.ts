import { PREVIEW1 } from "../instrument/preview1.js";
import type { Resource } from "../wasi/handles.js";
import type { WasiHost } from "../wasi/index.js";

/** Where the guest's memory is, as soon as it is known. */
type MemoryLookup = () => WebAssembly.Memory | undefined;

type Handles = Pick<WasiHost, "latestHandle" | "numberHandle">;

type PathOpen = (...args: [...unknown[], result: number]) => number;
type Renumber = (from: number, to: number) => number;

/**
 * Learns the numbers by which preview 1 programs know their files: it is the adapter that gives them, and all that the
 * host sees are descriptors without number.
 */
export class Preview1Files {
  readonly #handles: Handles;

  constructor(handles: Handles) {
    this.#handles = handles;
  }

  /**
   * What a core instance is given, so that it is seen when it opens a file or gives one another number.
   *
   * @param typed - the functions that it imports with preview 1's own types
   */
  watch(imports: WebAssembly.Imports, typed: ReadonlySet<string>, memory: MemoryLookup): WebAssembly.Imports {
    const own = imports[PREVIEW1];
    const open = typed.has("path_open") ? (own?.path_open as PathOpen) : undefined;
    const renumber = typed.has("fd_renumber") ? (own?.fd_renumber as Renumber) : undefined;
    if (open === undefined) return imports;
    const files = new Map<number, Resource>();
    const number = (descriptor: number, file: Resource | undefined) => {
      if (file === undefined) return;
      files.set(descriptor, file);
      this.#handles.numberHandle(file, descriptor);
    };
    const opened = (...args: Parameters<PathOpen>): number => {
      const before = this.#handles.latestHandle();
      const errno = open(...args);
      const file = this.#handles.latestHandle();
      const { buffer } = memory() ?? {};
      const result = (args.at(-1) as number) >>> 0;
      // Only if it was the host that opened something, and not a file system in between.
      if (errno === 0 && file !== before && buffer) number(new DataView(buffer).getUint32(result, true), file);
      return errno;
    };
    const renumbered = (from: number, to: number): number => {
      const errno = renumber?.(from, to) ?? 0;
      if (errno === 0) number(to, files.get(from));
      return errno;
    };
    return {
      ...imports,
      [PREVIEW1]: { ...own, path_open: opened, ...(renumber && { fd_renumber: renumbered }) },
    };
  }
}
