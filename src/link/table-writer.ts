import { alignUp } from "./layout.js";

/** Room for a text, which starts at a word. */
export function textSize(text: string): number {
  return alignUp(Buffer.byteLength(text), 4);
}

/** By the bytes of UTF-8: JavaScript's own order, which is much faster, but for halves of surrogate pairs. */
export function sortByBytes(names: string[]): string[] {
  return names.some((name) => SURROGATE.test(name)) ? names.sort(compareBytes) : names.sort();
}

const SURROGATE = /[\ud800-\udfff]/;

export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

export interface Text {
  /** In bytes. */
  readonly length: number;
  readonly pointer: number;
}

/** Writes words and texts for code in C to read, one after the other. */
export class TableWriter {
  readonly #bytes: Buffer;
  readonly #start: number;
  #position = 0;

  constructor(size: number, start: number) {
    this.#bytes = Buffer.alloc(size);
    this.#start = start;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get address(): number {
    return this.#start + this.#position;
  }

  text(text: string): Text {
    const pointer = this.address;
    const length = this.#bytes.write(text, this.#position);
    this.#position += alignUp(length, 4);
    return { length, pointer };
  }

  words(...values: readonly number[]): void {
    for (const value of values) {
      this.#position = this.#bytes.writeUInt32LE(value, this.#position);
    }
  }
}
