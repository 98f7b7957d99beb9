import { failDl } from "../../dlopen/interface.js";
import { PAGE_SIZE } from "../../link/layout.js";

/** What the guest's own allocator gave, and how it takes it back. */
export interface Allocation {
  readonly address: number;
  readonly free: () => void;
}

const NOTHING: Allocation = { address: 0, free: () => undefined };

/** Memory of the guest, from its own `malloc`, so that nobody else gets it; where it exports none, new pages. */
export class GuestAllocator {
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
    const allocation = this.malloc === undefined ? this.grow(size) : this.fromGuest(this.malloc, size, alignment);
    if (allocation === undefined) failDl(`Error loading shared library ${what}: out of memory: it needs ${size} bytes`);
    const { address, free } = allocation;
    const clear = () => new Uint8Array(this.memory.buffer).fill(0, address, address + size);
    clear();
    return {
      address,
      free: () => {
        // What is not there any more is not to be in the output either.
        clear();
        free();
      },
    };
  }

  private fromGuest(malloc: (size: number) => number, size: number, alignment: number): Allocation | undefined {
    const pointer = malloc(size + alignment - 1) >>> 0;
    if (pointer === 0) return undefined;
    const address = Math.ceil(pointer / alignment) * alignment;
    return { address, free: () => this.release?.(pointer) };
  }

  private grow(size: number): Allocation | undefined {
    try {
      return { address: this.memory.grow(Math.ceil(size / PAGE_SIZE)) * PAGE_SIZE, free: () => undefined };
    } catch {
      return undefined;
    }
  }
}
