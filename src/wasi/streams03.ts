import { type ErrorCode, isErrorCode } from "./filesystem/error-code.js";
import type { HandleOrigin } from "./handles.js";
import type { ByteSink, ByteSource } from "./streams.js";

/** A stream of bytes as the host is given it. */
export interface ByteReader {
  read(options: { count: number }): Promise<{ readonly value?: Iterable<number>; readonly done: boolean }>;
  [Symbol.dispose](): void;
}

/** How many bytes the host gives or takes at a time. */
const CHUNK = 64 * 1024;

/** What a function of 0.3 returns that reads: the future says whether the stream has ended for an error. */
export type Delivery<T> = [stream: OutgoingStream<T>, end: Promise<void>];

/** Gives what comes next; nothing at the end. Throws an `error-code`. */
export type Pull<T> = () => T | undefined;

export function byteChunks(source: ByteSource): Pull<Uint8Array> {
  return () => {
    const bytes = source(CHUNK);
    return bytes.length === 0 ? undefined : bytes;
  };
}

/** A stream as the host gives it: whoever reads asks `return` for the end when the guest has dropped its own. */
export class OutgoingStream<T> implements IterableIterator<T, undefined> {
  readonly end: Promise<void>;
  readonly #pull: Pull<T>;
  readonly #release: () => void;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;
  #isOver = false;

  /**
   * @param origin - for whoever asks what the guest holds
   * @param release - called once, at the end
   */
  constructor(
    pull: Pull<T>,
    readonly origin: HandleOrigin,
    release = () => {},
  ) {
    const { promise, resolve, reject } = withResolvers();
    this.end = promise;
    this.#pull = pull;
    this.#release = release;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<T, undefined> {
    if (this.#isOver) return END;
    try {
      const value = this.#pull();
      if (value !== undefined) return { done: false, value };
      this.return();
    } catch (error) {
      this.fail(error);
    }
    return END;
  }

  return(): IteratorResult<T, undefined> {
    this.#finish(this.#resolve);
    return END;
  }

  fail(error: unknown): void {
    this.#finish(() => this.#reject(toVariant(error)));
  }

  #finish(settle: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#release();
    settle();
  }
}

const END = { done: true, value: undefined } as const;

function withResolvers() {
  let resolve = () => {};
  let reject = (_: unknown) => {};
  const promise = new Promise<void>((...both) => {
    [resolve, reject] = both;
  });
  // The guest need not ask.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

/** @param open - gives the stream's source, or throws an `error-code`: then the stream has nothing */
export function deliver<T>(
  origin: HandleOrigin,
  open: () => { readonly pull: Pull<T>; readonly release?: () => void },
): Delivery<T> {
  const stream = opened(origin, open);
  return [stream, stream.end];
}

function opened<T>(origin: HandleOrigin, open: Parameters<typeof deliver<T>>[1]): OutgoingStream<T> {
  try {
    const { pull, release } = open();
    return new OutgoingStream(pull, origin, release);
  } catch (error) {
    const stream = new OutgoingStream<T>(() => undefined, origin);
    stream.fail(error);
    return stream;
  }
}

/**
 * Takes all that comes through a stream, and drops it at the end or when it cannot be taken.
 *
 * @param open - gives the sink, or throws an `error-code`, as the sink may
 */
export async function receive(
  data: ByteReader,
  open: () => { readonly sink: ByteSink; readonly release?: () => void },
) {
  let release: (() => void) | undefined;
  try {
    const opened = open();
    release = opened.release;
    for (;;) {
      const { value, done } = await data.read({ count: CHUNK });
      if (value !== undefined) opened.sink(Uint8Array.from(value));
      if (done) return;
    }
  } catch (error) {
    throw toVariant(error);
  } finally {
    release?.();
    data[Symbol.dispose]();
  }
}

/** `error-code` is an enum in 0.2 and a variant in 0.3, with the same cases. What is none goes on as it is. */
export function toVariant(error: unknown): unknown {
  return isErrorCode(error) ? ({ tag: error } satisfies { tag: ErrorCode }) : error;
}
