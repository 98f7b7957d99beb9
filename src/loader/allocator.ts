import { failDl } from "../dlopen/interface.js";
import { alignUp, PAGE_SIZE } from "../link/layout.js";

/** What a library has of the guest's memory, and how it is given back. */
export interface Allocation {
  readonly address: number;
  readonly free: () => void;
}

interface Space {
  readonly start: number;
  readonly size: number;
}

const NOTHING: Allocation = { address: 0, free: () => undefined };

/** The largest size that a C program has a number for. */
const MAX_SIZE = 0xffffffff;

/** Memory of the guest, from its own `malloc`, so that nobody else gets it; where it exports none, new pages. */
export class GuestAllocator {
  /** Pages of libraries that are gone: a memory does not shrink. */
  readonly #pages: Space[] = [];

  constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly malloc: ((size: number) => number) | undefined,
    private readonly release: ((address: number) => void) | undefined,
  ) {}

  /**
   * @returns zeroes
   * @throws DlError
   */
  allocate(size: number, alignment: number, what: string): Allocation {
    if (size === 0) return NOTHING;
    const wanted = size + alignment - 1;
    const space = wanted > MAX_SIZE ? undefined : this.#take(wanted);
    const address = space && alignUp(space.start, alignment);
    // What the guest's own allocator says need not be so.
    if (space === undefined || address === undefined || address + size > this.memory.buffer.byteLength)
      return failDl(
        `Error loading shared library ${what}: out of memory: it needs ${size} bytes, aligned to ${alignment}`,
      );
    const clear = () => new Uint8Array(this.memory.buffer).fill(0, address, address + size);
    clear();
    return {
      address,
      free: () => {
        // Or its data would be in the snapshot.
        clear();
        this.#giveBack(space);
      },
    };
  }

  #take(size: number): Space | undefined {
    if (this.malloc === undefined) return this.#reuse(size) ?? this.#grow(size);
    const start = this.malloc(size) >>> 0;
    return start === 0 ? undefined : { start, size };
  }

  #giveBack(space: Space): void {
    if (this.malloc === undefined) this.#pages.push(space);
    else this.release?.(space.start);
  }

  #reuse(size: number): Space | undefined {
    const at = this.#pages.findIndex((space) => space.size >= size);
    return at < 0 ? undefined : this.#pages.splice(at, 1)[0];
  }

  #grow(size: number): Space | undefined {
    const pages = Math.ceil(size / PAGE_SIZE);
    try {
      return { start: this.memory.grow(pages) * PAGE_SIZE, size: pages * PAGE_SIZE };
    } catch {
      return undefined;
    }
  }
}
