import type { HostContext } from "./context.js";
import { type ErrorCode, isErrorCode } from "./filesystem/error-code.js";
import { type HandleOrigin, Resource } from "./handles.js";
import { IoError } from "./io-error.js";
import { ALWAYS_READY, Pollable } from "./poll.js";
import { trap } from "./trap.js";

const INTERFACE = "wasi:io/streams";

/**
 * The most that one call moves. Lengths come from the guest as u64, and WIT lets a read return fewer bytes than were
 * asked for "while more bytes are available for reading".
 */
export const MAX_TRANSFER = 1024 * 1024;

/** WIT: "Perform a write of up to 4096 bytes, and then flush the stream." Wasmtime traps on more. */
export const MAX_BLOCKING_WRITE = 4096;

/** Yields at most so many of the next bytes, none at the end; throws an `error-code`. The stream does not keep them. */
export type ByteSource = (max: number) => Uint8Array;
export type ByteSink = (bytes: Uint8Array) => void;

/** The `stream-error` cases, thrown as they are: any thrown value that is not an `Error` is the error of a result. */
type StreamError = { readonly tag: "closed" } | { readonly tag: "last-operation-failed"; readonly val: IoError };

export function clampLength(length: bigint): number {
  return length > MAX_TRANSFER ? MAX_TRANSFER : Number(length);
}

/** A stream whose bytes are all there from the start: it never blocks. */
export class InputStream extends Resource {
  readonly #context: HostContext;
  readonly #source: ByteSource;
  readonly #detail: string | undefined;
  #closed = false;

  constructor(context: HostContext, source: ByteSource, origin: HandleOrigin) {
    super(context.handles, { type: "input-stream", interface: INTERFACE }, origin);
    this.#context = context;
    this.#source = source;
    this.#detail = origin.detail;
  }

  read(len: bigint): Uint8Array {
    return this.#next(len, "read");
  }

  blockingRead(len: bigint): Uint8Array {
    return this.#next(len, "blocking-read");
  }

  skip(len: bigint): bigint {
    return BigInt(this.#next(len, "skip").length);
  }

  blockingSkip(len: bigint): bigint {
    return BigInt(this.#next(len, "blocking-skip").length);
  }

  subscribe(): Pollable {
    return new Pollable(this.#context, ALWAYS_READY, this.#origin("subscribe"));
  }

  #next(len: bigint, method: string): Uint8Array {
    if (this.#closed) throwClosed();
    // WIT: a `len` of 0 on a stream that is still open should "succeed and return an empty list".
    if (len === 0n) return new Uint8Array();
    const bytes = this.#pull(clampLength(len), method);
    if (bytes.length > 0) return bytes;
    this.#closed = true;
    return throwClosed();
  }

  #pull(max: number, method: string): Uint8Array {
    try {
      return this.#source(max);
    } catch (error) {
      if (!isErrorCode(error)) throw error;
      // WIT: "After this, the stream will be closed."
      this.#closed = true;
      return throwOperationFailed(this.#context, error, this.#origin(method));
    }
  }

  #origin(method: string): HandleOrigin {
    return { createdBy: `${INTERFACE}#[method]input-stream.${method}`, detail: this.#detail };
  }
}

/** A stream into a sink that takes everything at once, or throws an `error-code`: always ready, nothing to flush. */
export class OutputStream extends Resource {
  readonly #context: HostContext;
  readonly #sink: ByteSink;
  readonly #detail: string | undefined;
  #closed = false;

  constructor(context: HostContext, sink: ByteSink, origin: HandleOrigin) {
    super(context.handles, { type: "output-stream", interface: INTERFACE }, origin);
    this.#context = context;
    this.#sink = sink;
    this.#detail = origin.detail;
  }

  checkWrite(): bigint {
    if (this.#closed) throwClosed();
    return BigInt(MAX_TRANSFER);
  }

  write(contents: Uint8Array): void {
    this.#put(contents, MAX_TRANSFER, "write");
  }

  blockingWriteAndFlush(contents: Uint8Array): void {
    this.#put(contents, MAX_BLOCKING_WRITE, "blocking-write-and-flush");
  }

  flush(): void {}

  blockingFlush(): void {}

  writeZeroes(len: bigint): void {
    this.#putZeroes(len, MAX_TRANSFER, "write-zeroes");
  }

  blockingWriteZeroesAndFlush(len: bigint): void {
    this.#putZeroes(len, MAX_BLOCKING_WRITE, "blocking-write-zeroes-and-flush");
  }

  splice(src: InputStream, len: bigint): bigint {
    return this.#transfer(src.read(len));
  }

  blockingSplice(src: InputStream, len: bigint): bigint {
    return this.#transfer(src.blockingRead(len));
  }

  subscribe(): Pollable {
    return new Pollable(this.#context, ALWAYS_READY, this.#origin("subscribe"));
  }

  #transfer(bytes: Uint8Array): bigint {
    this.write(bytes);
    return BigInt(bytes.length);
  }

  #put(contents: Uint8Array, limit: number, method: string): void {
    checkPermit(BigInt(contents.length), limit, method);
    // Whoever gave it may change it.
    if (contents.length > 0) this.#push(Uint8Array.from(contents), method);
  }

  #putZeroes(len: bigint, limit: number, method: string): void {
    checkPermit(len, limit, method);
    if (len > 0n) this.#push(new Uint8Array(Number(len)), method);
  }

  #push(bytes: Uint8Array, method: string): void {
    if (this.#closed) throwClosed();
    try {
      this.#sink(bytes);
    } catch (error) {
      if (!isErrorCode(error)) throw error;
      this.#closed = true;
      throwOperationFailed(this.#context, error, this.#origin(method));
    }
  }

  #origin(method: string): HandleOrigin {
    return { createdBy: `${INTERFACE}#[method]output-stream.${method}`, detail: this.#detail };
  }
}

/** WIT: "Calling `write` with more bytes than this function has permitted will trap." */
export function checkPermit(length: bigint, limit: number, method: string): void {
  if (length <= BigInt(limit)) return;
  trap(`${INTERFACE}#[method]output-stream.${method} was given ${length} bytes where ${limit} are permitted`);
}

export function throwClosed(): never {
  return throwStreamError({ tag: "closed" });
}

function throwOperationFailed(context: HostContext, code: ErrorCode, origin: HandleOrigin): never {
  return throwStreamError({ tag: "last-operation-failed", val: new IoError(context, code, origin) });
}

export function throwStreamError(error: StreamError): never {
  throw error;
}

/** Reads a byte array from its beginning. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  let position = 0;
  return (max) => {
    const chunk = bytes.subarray(position, position + max);
    position += chunk.length;
    return chunk;
  };
}
