import {
  CopyResult,
  type CopyType,
  type OnCopy,
  type OnCopyDone,
  type ReadableEndShared,
  type WritableBuffer,
} from "./copy.js";
import { isNumber } from "./lift.js";
import type { Store } from "./store.js";
import type { ValType } from "./types.js";

/** What the host makes of a stream or future that a guest gives it. */
export function liftForHost(shared: ReadableEndShared, type: CopyType, store: Store): unknown {
  return type.kind === "stream" ? new GuestStream(shared, store) : new GuestFuture(shared, store);
}

/** What a guest is given of a stream or future of the host. */
export function lowerFromHost(value: unknown, type: CopyType, store: Store): ReadableEndShared {
  if (value instanceof GuestStream || value instanceof GuestFuture) return value.take();
  return type.kind === "stream"
    ? new HostStream(iteratorOf(value), type.element, store, originOf(value))
    : new HostFuture(Promise.resolve(value), type.element, store);
}

/** How many elements a reader that does not say gets at most. */
const DEFAULT_COUNT = 64 * 1024;

/** Collects what a guest writes, as the host's values. */
class CollectingBuffer implements WritableBuffer {
  readonly isHost = true;
  readonly #parts: unknown[] = [];
  #progress = 0;

  constructor(private readonly count: number) {}

  get remain(): number {
    return this.count - this.#progress;
  }

  isZeroLength(): boolean {
    return this.count === 0;
  }

  write(elements: unknown, count: number): void {
    this.#parts.push(elements);
    this.#progress += count;
  }

  /** The list that was written; the guest writes once. */
  get elements(): unknown {
    return this.#parts[0];
  }

  get progress(): number {
    return this.#progress;
  }
}

export interface StreamRead {
  /** A list, of the array type of numbers where there is one; absent where nothing came. */
  readonly value?: unknown;
  readonly done: boolean;
}

/** The readable end of a stream or future that a guest has given to the host. */
class GivenEnd {
  #shared: ReadableEndShared | undefined;

  constructor(
    shared: ReadableEndShared,
    readonly store: Store,
  ) {
    this.#shared = shared;
    store.hostPromises++;
  }

  get shared(): ReadableEndShared | undefined {
    return this.#shared;
  }

  /** The host has it no more. */
  letGo(): ReadableEndShared | undefined {
    const shared = this.#shared;
    if (shared !== undefined) this.store.hostPromises--;
    this.#shared = undefined;
    return shared;
  }

  drop(): void {
    const shared = this.letGo();
    if (shared !== undefined) this.store.enqueue(() => shared.drop());
  }

  /** For whoever gives it to a guest. */
  take(): ReadableEndShared {
    const shared = this.letGo();
    if (shared !== undefined) return shared;
    throw new TypeError("the host has given away or dropped before what it gives to a guest");
  }
}

/** A stream of a guest, for the host. */
export class GuestStream {
  readonly #end: GivenEnd;

  constructor(shared: ReadableEndShared, store: Store) {
    this.#end = new GivenEnd(shared, store);
  }

  /** Waits until the guest has written something, or has dropped its end. */
  read({ count = DEFAULT_COUNT }: { readonly count?: number } = {}): Promise<StreamRead> {
    return new Promise((resolve) => {
      this.#end.store.enqueue(() => this.#read(count, resolve));
    });
  }

  #read(count: number, resolve: (read: StreamRead) => void): void {
    const { shared } = this.#end;
    if (shared === undefined) {
      resolve({ done: true });
      return;
    }
    const buffer = new CollectingBuffer(count);
    const finish = (done: boolean) => {
      if (done) this.#end.letGo();
      resolve(buffer.progress > 0 ? { value: buffer.elements, done } : { done });
    };
    const onCopy: OnCopy = (reclaim) => {
      reclaim();
      finish(false);
    };
    shared.read(undefined, buffer, onCopy, (result) => finish(result === CopyResult.dropped));
  }

  async *[Symbol.asyncIterator](): AsyncIterator<unknown> {
    try {
      for (;;) {
        const { value, done } = await this.read();
        if (value !== undefined) yield* value as Iterable<unknown>;
        if (done) return;
      }
    } finally {
      this[Symbol.dispose]();
    }
  }

  /** Drops the readable end. */
  [Symbol.dispose](): void {
    this.#end.drop();
  }

  take(): ReadableEndShared {
    return this.#end.take();
  }
}

/** A future of a guest, for the host: its value is read when someone wants it. */
export class GuestFuture implements PromiseLike<unknown> {
  readonly #end: GivenEnd;
  #value: Promise<unknown> | undefined;

  constructor(shared: ReadableEndShared, store: Store) {
    this.#end = new GivenEnd(shared, store);
  }

  // biome-ignore lint/suspicious/noThenProperty: it is what the convention has for a future
  then<A = unknown, B = never>(
    onValue?: ((value: unknown) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#value ??= new Promise((resolve, reject) => {
      this.#end.store.enqueue(() => this.#read(resolve, reject));
    });
    return this.#value.then(onValue, onError);
  }

  #read(resolve: (value: unknown) => void, reject: (error: unknown) => void): void {
    const { shared } = this.#end;
    if (shared === undefined) {
      reject(new TypeError("the host has given away or dropped before the future that it reads"));
      return;
    }
    const buffer = new CollectingBuffer(1);
    const finish = () => {
      this.#end.letGo();
      shared.drop();
      resolve((buffer.elements as ArrayLike<unknown> | undefined)?.[0]);
    };
    shared.read(undefined, buffer, finish, finish);
  }

  /** Drops the readable end, unless someone waits for the value. */
  [Symbol.dispose](): void {
    if (this.#value === undefined) this.#end.drop();
  }

  take(): ReadableEndShared {
    return this.#end.take();
  }
}

/** What an iterator may have that takes its time: told whether a guest waits for what comes next. */
interface Patient {
  pause?(): void;
  resume?(): void;
}

type AnyIterator = (Iterator<unknown> | AsyncIterator<unknown>) & Patient;

function iteratorOf(value: unknown): AnyIterator {
  const source = value as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  const iterator = source?.[Symbol.iterator]?.() ?? source?.[Symbol.asyncIterator]?.();
  if (iterator === undefined)
    throw new TypeError("a stream was expected from the host: an iterable, or a ReadableStream");
  return iterator;
}

/** Where the host has made something, for whoever asks what a guest holds. */
export interface HostOrigin {
  readonly createdBy?: string;
  readonly detail?: string | undefined;
}

function originOf(value: unknown): HostOrigin {
  return (value as { readonly origin?: HostOrigin }).origin ?? {};
}

interface PendingRead {
  readonly buffer: WritableBuffer;
  readonly onCopyDone: OnCopyDone;
}

/** Elements that were pulled and not yet read. */
interface Chunk {
  readonly elements: ArrayLike<unknown> & { slice(start: number, end: number): unknown };
  position: number;
}

/** A stream of the host: pulls from an iterator as a guest reads. */
export class HostStream implements ReadableEndShared {
  #pending: PendingRead | undefined;
  #chunk: Chunk | undefined;
  #isPulling = false;
  #isOver = false;

  constructor(
    private readonly iterator: AnyIterator,
    readonly element: ValType | undefined,
    private readonly store: Store,
    readonly origin: HostOrigin,
  ) {}

  read(_reader: unknown, buffer: WritableBuffer, _onCopy: OnCopy, onCopyDone: OnCopyDone): void {
    this.#pending = { buffer, onCopyDone };
    if (this.#isPulling) this.iterator.resume?.();
    this.#serve();
  }

  /** What was pulled for it is for the next one who reads. */
  cancel(): void {
    if (this.#isPulling) this.iterator.pause?.();
    this.#finish(CopyResult.cancelled);
  }

  drop(): void {
    if (!this.#isOver) this.iterator.return?.();
    this.#isOver = true;
    this.#chunk = undefined;
    if (this.#pending !== undefined) this.#finish(CopyResult.dropped);
  }

  #finish(result: CopyResult): void {
    const { onCopyDone } = this.#pending as PendingRead;
    this.#pending = undefined;
    onCopyDone(result);
  }

  /** Gives a reader what there is; without anything it waits. */
  #serve(): void {
    while (this.#pending !== undefined) {
      if (this.#chunk !== undefined) this.#give(this.#pending.buffer, this.#chunk);
      else if (this.#isOver) this.#finish(CopyResult.dropped);
      else if (this.#isPulling) return;
      else this.#pull();
    }
  }

  #give(buffer: WritableBuffer, chunk: Chunk): void {
    const { elements, position } = chunk;
    const count = Math.min(buffer.remain, elements.length - position);
    if (count > 0) buffer.write(elements.slice(position, position + count), count, "host");
    chunk.position += count;
    if (chunk.position === elements.length) this.#chunk = undefined;
    this.#finish(CopyResult.completed);
  }

  #pull(): void {
    const next = this.iterator.next();
    if (!(next instanceof Promise)) {
      this.#take(next as IteratorResult<unknown>);
      return;
    }
    this.#isPulling = true;
    this.store.hostPromises++;
    next.then(
      (result) => this.#later(() => this.#take(result)),
      (error: unknown) =>
        this.#later(() => {
          this.store.noteTrap(error);
          throw error;
        }),
    );
  }

  #later(action: () => void): void {
    this.store.enqueue(() => {
      this.#isPulling = false;
      this.store.hostPromises--;
      action();
      this.#serve();
    });
  }

  #take({ value, done }: IteratorResult<unknown>): void {
    if (this.#isOver) return;
    if (done) this.#isOver = true;
    else {
      const elements = this.#elementsOf(value);
      if (elements.length > 0) this.#chunk = { elements, position: 0 };
    }
  }

  /** Numbers may come many at a time. */
  #elementsOf(value: unknown): Chunk["elements"] {
    const isList = this.element !== undefined && isNumber(this.element) && typeof value === "object" && value !== null;
    return isList ? (ArrayBuffer.isView(value) ? (value as Uint8Array) : [...(value as Iterable<unknown>)]) : [value];
  }
}

/** A future of the host. */
export class HostFuture implements ReadableEndShared {
  #pending: PendingRead | undefined;
  #value: { readonly elements: unknown[] } | undefined;

  constructor(
    value: Promise<unknown>,
    readonly element: ValType | undefined,
    store: Store,
  ) {
    store.hostPromises++;
    const settle = (settled: unknown) =>
      store.enqueue(() => {
        store.hostPromises--;
        this.#value = { elements: [settled] };
        this.#serve();
      });
    if (element?.kind === "result") {
      value.then(
        (ok) => settle(isResult(ok) ? ok : { tag: "ok", val: ok }),
        (error: unknown) => settle({ tag: "err", val: error }),
      );
    } else {
      value.then(settle, (error: unknown) =>
        store.enqueue(() => {
          store.noteTrap(error);
          throw error;
        }),
      );
    }
  }

  read(_reader: unknown, buffer: WritableBuffer, _onCopy: OnCopy, onCopyDone: OnCopyDone): void {
    this.#pending = { buffer, onCopyDone };
    this.#serve();
  }

  cancel(): void {
    const { onCopyDone } = this.#pending as PendingRead;
    this.#pending = undefined;
    onCopyDone(CopyResult.cancelled);
  }

  drop(): void {
    this.#pending = undefined;
  }

  #serve(): void {
    if (this.#pending === undefined || this.#value === undefined) return;
    const { buffer, onCopyDone } = this.#pending;
    this.#pending = undefined;
    buffer.write(this.#value.elements, 1, "host");
    onCopyDone(CopyResult.completed);
  }
}

function isResult(value: unknown): boolean {
  const { tag } = (typeof value === "object" && value !== null ? value : {}) as { tag?: unknown };
  return tag === "ok" || tag === "err";
}
