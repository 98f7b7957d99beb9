const utf8 = new TextEncoder();

/** Ranges longer than this are kept by reference; shorter ones are cheaper to copy than to list. */
const COPY_LIMIT = 1024;

/** Names of at most this length have a length of one byte. */
const SHORT_NAME = 127;

/** Sizes of the buffers that short ranges are copied into. */
const FIRST_TAIL = 32;
const LARGEST_TAIL = 65536;

/**
 * Collects bytes as a list of chunks. Long ranges are kept as views of where they came from, so a section that nobody
 * edits, or a memory image, is first copied when the output is written.
 */
export class ByteWriter {
  private readonly chunks: Uint8Array[] = [];
  private tail = new Uint8Array(FIRST_TAIL);
  private tailLength = 0;
  private total = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.total;
  }

  u8(value: number): this {
    this.reserve(1);
    this.tail[this.tailLength++] = value;
    this.total++;
    return this;
  }

  u32(value: number): this {
    this.reserve(5);
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.tail[this.tailLength++] = (rest & 0x7f) | 0x80;
      this.total++;
      rest >>>= 7;
    }
    this.tail[this.tailLength++] = rest;
    this.total++;
    return this;
  }

  u64(value: bigint): this {
    let rest = BigInt.asUintN(64, value);
    while (rest >= 0x80n) {
      this.u8(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    return this.u8(Number(rest));
  }

  s32(value: number): this {
    let rest = value | 0;
    for (;;) {
      const byte = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && !(byte & 0x40)) || (rest === -1 && byte & 0x40)) return this.u8(byte);
      this.u8(byte | 0x80);
    }
  }

  s33(value: number): this {
    return this.signed(BigInt(value));
  }

  s64(value: bigint): this {
    return this.signed(BigInt.asIntN(64, value));
  }

  private signed(value: bigint): this {
    let rest = value;
    for (;;) {
      const byte = Number(rest & 0x7fn);
      rest >>= 7n;
      if ((rest === 0n && !(byte & 0x40)) || (rest === -1n && byte & 0x40)) return this.u8(byte);
      this.u8(byte | 0x80);
    }
  }

  bytes(range: Uint8Array): this {
    if (range.length > COPY_LIMIT) {
      this.flush();
      this.chunks.push(range);
    } else {
      this.reserve(range.length);
      this.tail.set(range, this.tailLength);
      this.tailLength += range.length;
    }
    this.total += range.length;
    return this;
  }

  name(text: string): this {
    // Most names are short and ASCII, and there can be a hundred thousand of them.
    if (text.length <= SHORT_NAME && this.shortAscii(text)) return this;
    const encoded = utf8.encode(text);
    return this.u32(encoded.length).bytes(encoded);
  }

  /** @returns whether it was written */
  private shortAscii(text: string): boolean {
    const { length } = text;
    this.reserve(1 + length);
    const { tail } = this;
    let at = this.tailLength;
    tail[at++] = length;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) return false;
      tail[at++] = unit;
    }
    this.tailLength = at;
    this.total += 1 + length;
    return true;
  }

  vec<T>(items: readonly T[], write: (item: T, writer: ByteWriter) => void): this {
    this.u32(items.length);
    for (const item of items) write(item, this);
    return this;
  }

  /** Appends all that `other` holds. */
  append(other: ByteWriter): this {
    for (const chunk of other.toChunks()) this.bytes(chunk);
    return this;
  }

  /** The length of `body` and then `body`. */
  sized(body: ByteWriter): this {
    return this.u32(body.length).append(body);
  }

  /** A section: its id, its size, its contents. */
  section(id: number, body: ByteWriter): this {
    return this.u8(id).sized(body);
  }

  /** What was written, as ranges in order. */
  toChunks(): Uint8Array[] {
    this.flush();
    return [...this.chunks];
  }

  /** What was written, copied into one array. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return concat(this.toChunks());
  }

  private reserve(length: number): void {
    if (this.tailLength + length <= this.tail.length) return;
    this.flush();
    // Most writers hold a few bytes, some a few megabytes of short ranges.
    if (length > this.tail.length) this.tail = new Uint8Array(Math.max(length, Math.min(this.total, LARGEST_TAIL)));
  }

  /** What is written goes on in the same buffer: chunks never overlap. */
  private flush(): void {
    if (this.tailLength === 0) return;
    this.chunks.push(this.tail.subarray(0, this.tailLength));
    this.tail = this.tail.subarray(this.tailLength);
    this.tailLength = 0;
  }
}

export function concat(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let position = 0;
  for (const chunk of chunks) {
    result.set(chunk, position);
    position += chunk.length;
  }
  return result;
}
