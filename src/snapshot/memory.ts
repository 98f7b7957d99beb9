import type { MemoryRange } from "./model.js";

/** Zero bytes between two ranges that cost less to write than the header of another data segment. */
export const MERGE_GAP = 10;

/** Compared as a whole with the platform's `memcmp`; most of a large memory is skipped in steps of this. */
const BLOCK = 4096;

/** A larger step for the larger gaps. */
const PAGE = 65536;

const ZEROS = Buffer.alloc(PAGE);

/**
 * Finds what is not zero in a memory.
 *
 * @returns views of `memory`, ascending, at least {@link MERGE_GAP} zero bytes apart
 */
export function nonZeroRanges(memory: Uint8Array): MemoryRange[] {
  const buffer = Buffer.from(memory.buffer, memory.byteOffset, memory.byteLength);
  const finder = new RangeFinder(memory);
  for (let page = 0; page < buffer.length; page += PAGE) {
    const pageEnd = Math.min(page + PAGE, buffer.length);
    if (isZero(buffer, page, pageEnd)) continue;
    for (let block = page; block < pageEnd; block += BLOCK) {
      const blockEnd = Math.min(block + BLOCK, pageEnd);
      if (!isZero(buffer, block, blockEnd)) finder.scan(block, blockEnd);
    }
  }
  return finder.finish();
}

function isZero(buffer: Buffer, start: number, end: number): boolean {
  return buffer.compare(ZEROS, 0, end - start, start, end) === 0;
}

class RangeFinder {
  private readonly ranges: MemoryRange[] = [];
  private start = -1;
  private end = -1;

  constructor(private readonly memory: Uint8Array) {}

  /** Looks at the bytes from `from`, a multiple of 4, to `to`. */
  scan(from: number, to: number): void {
    const words = new Int32Array(this.memory.buffer, this.memory.byteOffset + from, (to - from) >> 2);
    for (let i = 0; i < words.length; i++) {
      if (words[i] !== 0) this.addWord(from + i * 4);
    }
    // Only a memory with one-byte pages ends inside a word.
    for (let i = from + words.length * 4; i < to; i++) {
      if (this.memory[i] !== 0) this.add(i, i + 1);
    }
  }

  private addWord(word: number): void {
    let first = word;
    while (this.memory[first] === 0) first++;
    let last = word + 3;
    while (this.memory[last] === 0) last--;
    this.add(first, last + 1);
  }

  private add(start: number, end: number): void {
    if (this.start < 0 || start - this.end >= MERGE_GAP) {
      this.close();
      this.start = start;
    }
    this.end = end;
  }

  private close(): void {
    if (this.start < 0) return;
    this.ranges.push({ offset: this.start, bytes: this.memory.subarray(this.start, this.end) });
  }

  finish(): MemoryRange[] {
    this.close();
    return this.ranges;
  }
}
