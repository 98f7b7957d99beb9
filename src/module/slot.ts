import { ByteReader } from "../binary/reader.js";
import { ByteWriter } from "../binary/writer.js";
import { type SectionCodec, sectionId } from "./section.js";

/** Where a section stands in the input. */
export interface SectionRange {
  /** Id, size and contents. */
  readonly whole: Uint8Array;
  readonly contents: Uint8Array;
  /** File offset of the contents, for messages. */
  readonly offset: number;
}

/**
 * One section of a module: bytes of the input until someone asks for its value, and written as these bytes until
 * someone sets another value.
 */
export class SectionSlot<T> {
  private value: T | undefined;
  private isDecoded = false;
  private isEdited = false;
  /** What a new value is written as: a module and its skeleton share most sections. */
  private encoded: ByteWriter | undefined;

  constructor(
    private readonly codec: SectionCodec<T>,
    private readonly range: SectionRange | undefined,
  ) {}

  get(): T {
    if (!this.isDecoded) {
      this.value = this.decode();
      this.isDecoded = true;
    }
    return this.value as T;
  }

  set(value: T): void {
    // Later changes to the caller's list would go past what follows the value: the data count, memoized index spaces.
    this.value = Object.freeze(value) as T;
    this.isDecoded = true;
    this.isEdited = true;
    this.encoded = undefined;
  }

  /** Whether the module has the section: one of the input that lists nothing is there too. */
  get isPresent(): boolean {
    return this.isEdited ? !this.codec.isEmpty(this.value as T) : this.range !== undefined;
  }

  /** The number that the section starts with: of a list its length. Decodes nothing else. */
  get count(): number {
    if (this.isDecoded) return Array.isArray(this.value) ? this.value.length : 0;
    return this.range === undefined ? 0 : this.reader(this.range).u32(`length of the ${this.codec.name} section`);
  }

  /** The section's bytes in the input, as long as nobody sets another value. */
  get original(): Uint8Array | undefined {
    return this.isEdited ? undefined : this.range?.contents;
  }

  /** A reader of a part of the section, whose errors tell file offsets when the part is one of the input. */
  readerOf(part: Uint8Array): ByteReader {
    if (this.range === undefined || part.buffer !== this.range.contents.buffer) return new ByteReader(part);
    const position = part.byteOffset - this.range.contents.byteOffset;
    const isInside = position >= 0 && position + part.length <= this.range.contents.length;
    return new ByteReader(part, 0, part.length, isInside ? this.range.offset + position : 0);
  }

  write(writer: ByteWriter): void {
    if (this.range !== undefined && !this.isEdited) {
      writer.bytes(this.range.whole);
    } else {
      this.encoded ??= this.encode();
      writer.section(sectionId(this.codec.name), this.encoded);
    }
  }

  private encode(): ByteWriter {
    const contents = new ByteWriter();
    this.codec.encode(this.get(), contents);
    return contents;
  }

  copy(): SectionSlot<T> {
    const copy = new SectionSlot(this.codec, this.range);
    copy.value = this.value;
    copy.isDecoded = this.isDecoded;
    copy.isEdited = this.isEdited;
    copy.encoded = this.encoded;
    return copy;
  }

  private decode(): T {
    if (this.range === undefined) return this.codec.absent;
    const reader = this.reader(this.range);
    const value = this.codec.decode(reader);
    reader.expectEnd(`${this.codec.name} section`);
    return value;
  }

  private reader({ contents, offset }: SectionRange): ByteReader {
    return new ByteReader(contents, 0, contents.length, offset);
  }
}
