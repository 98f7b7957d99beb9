import { ComponentInitError } from "../errors.js";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** An offset as people compare it with `wasm-tools dump`: `0x` and hexadecimal digits. */
export function formatOffset(offset: number): string {
  return `0x${offset.toString(16)}`;
}

/**
 * Reads a byte range front to back. Offsets in errors count from the start of the file, also for a range inside of it
 * (`base` is the file offset of `bytes[0]`).
 *
 * Every read is checked against the end of the range, and a count against the bytes that are left, so that a wrong
 * length costs neither time nor memory.
 */
export class ByteReader {
  private buffer: Buffer | undefined;

  constructor(
    readonly bytes: Uint8Array,
    public position = 0,
    readonly end: number = bytes.length,
    readonly base = 0,
  ) {}

  private get text(): Buffer {
    this.buffer ??= Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    return this.buffer;
  }

  /** Offset of the next byte in the file. */
  get offset(): number {
    return this.base + this.position;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  get done(): boolean {
    return this.position >= this.end;
  }

  fail(what: string, position: number = this.position): never {
    throw new ComponentInitError("malformed", `${what} at offset ${formatOffset(this.base + position)}`);
  }

  peek(): number {
    if (this.position >= this.end) this.fail("unexpected end");
    return this.bytes[this.position] as number;
  }

  u8(): number {
    const value = this.peek();
    this.position++;
    return value;
  }

  u32(what = "integer"): number {
    let result = 0;
    const start = this.position;
    for (let shift = 0; ; shift += 7) {
      const byte = this.u8();
      if (shift === 28 && byte > 0x0f) this.fail(`${what} does not fit 32 bits`, start);
      result += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return result;
    }
  }

  u64(what = "integer"): bigint {
    let result = 0n;
    const start = this.position;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.u8();
      if (shift === 63n && byte > 0x01) this.fail(`${what} does not fit 64 bits`, start);
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return result;
    }
  }

  s32(): number {
    return this.smallSigned(32);
  }

  /** The type and block type encodings: a 33-bit signed integer. */
  s33(): number {
    return this.smallSigned(33);
  }

  s64(): bigint {
    return this.signed(64);
  }

  /** 32 or 33 bits fit a `number`: most integers of a module are read here, and BigInt is many times slower. */
  private smallSigned(bits: 32 | 33): number {
    const start = this.position;
    let result = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      result += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) {
        if (byte & 0x40) result -= scale;
        break;
      }
      if (this.position - start === 5) this.fail(`integer does not fit ${bits} bits`, start);
    }
    const limit = 2 ** (bits - 1);
    if (result < -limit || result >= limit) this.fail(`integer does not fit ${bits} bits`, start);
    return result;
  }

  /** Steps over an integer of at most `bits` bits without computing it. The unused bits of its last byte go unchecked. */
  skipLeb(bits: 32 | 33 | 64): void {
    const start = this.position;
    const longest = bits === 64 ? 10 : 5;
    while (this.u8() >= 0x80) {
      if (this.position - start === longest) this.fail(`integer does not fit ${bits} bits`, start);
    }
  }

  private signed(bits: number): bigint {
    const start = this.position;
    let result = 0n;
    let shift = 0;
    let byte: number;
    do {
      if (shift >= bits) this.fail(`integer does not fit ${bits} bits`, start);
      byte = this.u8();
      result |= BigInt(byte & 0x7f) << BigInt(shift);
      shift += 7;
    } while (byte >= 0x80);
    if (byte & 0x40) result -= 1n << BigInt(shift);
    // The unused bits of the last byte must repeat the sign.
    if (BigInt.asIntN(bits, result) !== result) this.fail(`integer does not fit ${bits} bits`, start);
    return result;
  }

  /** A view of the next `length` bytes: no copy. */
  take(length: number, what = "bytes"): Uint8Array {
    if (length > this.remaining) {
      this.fail(`${what}: ${length} bytes wanted, ${this.remaining} left,`);
    }
    const view = this.bytes.subarray(this.position, this.position + length);
    this.position += length;
    return view;
  }

  skip(length: number, what = "bytes"): void {
    if (length > this.remaining) {
      this.fail(`${what}: ${length} bytes wanted, ${this.remaining} left,`);
    }
    this.position += length;
  }

  /** A reader for the next `length` bytes, which this one steps over. */
  sub(length: number, what = "bytes"): ByteReader {
    if (length > this.remaining) {
      this.fail(`${what}: ${length} bytes wanted, ${this.remaining} left,`);
    }
    const reader = new ByteReader(this.bytes, this.position, this.position + length, this.base);
    this.position += length;
    return reader;
  }

  /** A view of what was read since `start` (a `position`). */
  since(start: number): Uint8Array {
    return this.bytes.subarray(start, this.position);
  }

  name(what = "name"): string {
    const length = this.u32(`length of ${what}`);
    const start = this.position;
    if (length <= this.remaining && this.isAscii(length)) {
      this.position += length;
      return this.text.toString("latin1", start, this.position);
    }
    try {
      return utf8.decode(this.take(length, what));
    } catch (error) {
      if (error instanceof ComponentInitError) throw error;
      return this.fail(`${what} is not valid UTF-8`, start);
    }
  }

  /** Most names are, and there can be a hundred thousand: the decoder of UTF-8 wants a view for each. */
  private isAscii(length: number): boolean {
    const end = this.position + length;
    for (let i = this.position; i < end; i++) if ((this.bytes[i] as number) >= 0x80) return false;
    return true;
  }

  /** A count of items of at least one byte each. */
  count(what: string): number {
    const start = this.position;
    const count = this.u32(`number of ${what}`);
    if (count > this.remaining) {
      this.fail(`number of ${what} (${count}) exceeds the ${this.remaining} bytes left`, start);
    }
    return count;
  }

  vec<T>(what: string, read: (reader: ByteReader) => T): T[] {
    const count = this.count(what);
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(read(this));
    return items;
  }

  expectEnd(what: string): void {
    if (!this.done) this.fail(`${what} has ${this.remaining} bytes too many`);
  }
}
