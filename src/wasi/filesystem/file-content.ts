import { fail } from "./error-code.js";
import type { SourceFile } from "./source.js";
import type { Space } from "./space.js";

const PAGE = 64 * 1024;

const NONE = new Uint8Array();

/**
 * The bytes of a file: pages that the guest has written, over what shows through of the source, over zeroes. So a
 * large file is not copied for a small change, and a hole takes no memory.
 */
export class FileContent {
  readonly #space: Space;
  readonly #source: SourceFile | undefined;
  readonly #pages = new Map<number, Uint8Array>();
  /** Once changed; until then the source says. */
  #changed: { size: number; fromSource: number } | undefined;

  constructor(space: Space, source?: SourceFile) {
    this.#space = space;
    this.#source = source;
    if (source === undefined) this.#changed = { size: 0, fromSource: 0 };
  }

  get isChanged(): boolean {
    return this.#changed !== undefined;
  }

  get size(): number {
    return this.#changed?.size ?? this.#source?.size ?? 0;
  }

  /** Whether a read could give bytes of the source. */
  get showsSource(): boolean {
    return this.#changed === undefined || this.#changed.fromSource > 0;
  }

  /** Up to `max` bytes, none at or past the end. */
  read(start: number, max: number): Uint8Array {
    if (this.#changed === undefined) return (this.#source as SourceFile).read(start, max);
    const length = Math.min(max, this.#changed.size - start);
    if (length <= 0) return NONE;
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) done += this.#copy(start + done, bytes.subarray(done));
    return bytes;
  }

  /** What there is but for holes, in order. */
  *pieces(): Generator<[number, Uint8Array]> {
    const fromSource = Math.ceil((this.#changed?.fromSource ?? this.size) / PAGE);
    for (let page = 0; page < fromSource; page++) yield [page * PAGE, this.read(page * PAGE, PAGE)];
    const others = [...this.#pages.keys()].filter((page) => page >= fromSource).sort((a, b) => a - b);
    for (const page of others) yield [page * PAGE, this.read(page * PAGE, PAGE)];
  }

  /** Writes all or nothing: for want of space, or because the source cannot be read. */
  write(start: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const end = start + bytes.length;
    if (!Number.isSafeInteger(end)) fail("file-too-large");
    this.#addPages(Math.floor(start / PAGE), Math.floor((end - 1) / PAGE));
    const changed = this.#change();
    for (let at = start; at < end; ) at += this.#put(at, bytes.subarray(at - start));
    changed.size = Math.max(changed.size, end);
  }

  resize(size: number): void {
    const changed = this.#change();
    if (size < changed.size) this.#cut(size);
    changed.fromSource = Math.min(changed.fromSource, size);
    changed.size = size;
  }

  /** Gives the memory back, when no one can read it any more. */
  release(): void {
    this.#space.giveBack(this.#pages.size * PAGE);
    this.#pages.clear();
  }

  #change() {
    const size = this.#source?.size ?? 0;
    this.#changed ??= { size, fromSource: size };
    return this.#changed;
  }

  #cut(size: number): void {
    for (const [page, bytes] of this.#pages) {
      const kept = size - page * PAGE;
      if (kept >= PAGE) continue;
      if (kept > 0) {
        bytes.fill(0, kept);
      } else {
        this.#pages.delete(page);
        this.#space.giveBack(PAGE);
      }
    }
  }

  /** Pages to write to, filled with what they show now. */
  #addPages(first: number, last: number): void {
    const missing: number[] = [];
    for (let page = first; page <= last; page++) if (!this.#pages.has(page)) missing.push(page);
    this.#space.take(missing.length * PAGE);
    try {
      const added = missing.map((page) => [page, this.#newPage(page)] as const);
      for (const [page, bytes] of added) this.#pages.set(page, bytes);
    } catch (error) {
      this.#space.giveBack(missing.length * PAGE);
      throw error;
    }
  }

  #newPage(page: number): Uint8Array {
    const bytes = new Uint8Array(PAGE);
    bytes.set(this.#fromSource(page * PAGE, PAGE));
    return bytes;
  }

  /** Writes what fits into a page; says how many bytes that was. */
  #put(start: number, bytes: Uint8Array): number {
    const page = Math.floor(start / PAGE);
    const offset = start - page * PAGE;
    const fitting = bytes.subarray(0, PAGE - offset);
    this.#pages.get(page)?.set(fitting, offset);
    return fitting.length;
  }

  /** Copies what there is up to the end of a page; says how many bytes that was. */
  #copy(start: number, target: Uint8Array): number {
    const page = Math.floor(start / PAGE);
    const offset = start - page * PAGE;
    const length = Math.min(target.length, PAGE - offset);
    const written = this.#pages.get(page);
    target.set(written?.subarray(offset, offset + length) ?? this.#fromSource(start, length));
    return length;
  }

  #fromSource(start: number, max: number): Uint8Array {
    if (this.#source === undefined) return NONE;
    const length = Math.min(max, (this.#changed?.fromSource ?? this.#source.size) - start);
    return length <= 0 ? NONE : this.#source.read(start, length);
  }
}
