import { describe, expect, test } from "vitest";
import { GuestAllocator } from "../../src/loader/allocator.js";

const PAGE = 65536;

function bytesAt(memory: WebAssembly.Memory, address: number, size: number): number[] {
  return [...new Uint8Array(memory.buffer, address, size)];
}

describe("from malloc", () => {
  const memory = () => new WebAssembly.Memory({ initial: 2 });

  test("aligned zeroes, which are zeroes again when they are given back", () => {
    const guest = memory();
    new Uint8Array(guest.buffer).fill(0xee);
    const asked: number[] = [];
    const given: number[] = [];
    const malloc = (size: number) => {
      asked.push(size);
      return 1001;
    };
    const allocator = new GuestAllocator(guest, malloc, (address) => given.push(address));
    const { address, free } = allocator.allocate(3, 16, "a.so");
    expect([address, asked]).toEqual([1008, [18]]);
    expect(bytesAt(guest, 1007, 5)).toEqual([0xee, 0, 0, 0, 0xee]);
    new Uint8Array(guest.buffer).fill(0xdd);
    free();
    expect(bytesAt(guest, 1007, 5)).toEqual([0xdd, 0, 0, 0, 0xdd]);
    expect(given).toEqual([1001]);
  });

  test("an address beyond 2 GiB is no negative number", () => {
    const allocator = new GuestAllocator(memory(), () => -65536, undefined);
    expect(() => allocator.allocate(8, 1, "a.so")).toThrow("out of memory: it needs 8 bytes, aligned to 1");
  });

  test.each([
    ["more than there are addresses", 0xffffffff, 2],
    ["more than is there", 2 * PAGE, 1],
  ])("%s: nothing is touched", (_, size, alignment) => {
    const guest = memory();
    new Uint8Array(guest.buffer).fill(0xee);
    const allocator = new GuestAllocator(guest, () => 1024, undefined);
    expect(() => allocator.allocate(size, alignment, "a.so")).toThrow(
      `Error loading shared library a.so: out of memory: it needs ${size} bytes, aligned to ${alignment}`,
    );
    expect(bytesAt(guest, 1024, 1)).toEqual([0xee]);
  });
});

describe("from new pages", () => {
  const allocatorOf = (memory: WebAssembly.Memory) => new GuestAllocator(memory, undefined, undefined);

  test("aligned to more than a page", () => {
    const guest = new WebAssembly.Memory({ initial: 1 });
    expect(allocatorOf(guest).allocate(10, 4 * PAGE, "a.so").address).toBe(4 * PAGE);
  });

  test("those that were given back come first", () => {
    const guest = new WebAssembly.Memory({ initial: 1, maximum: 2 });
    const allocator = allocatorOf(guest);
    for (let i = 0; i < 3; i++) {
      const { address, free } = allocator.allocate(PAGE, 1, "a.so");
      expect(address).toBe(PAGE);
      new Uint8Array(guest.buffer).fill(i);
      free();
    }
    allocator.allocate(PAGE, 1, "a.so");
    expect(() => allocator.allocate(1, 1, "b.so")).toThrow("out of memory");
  });
});
