import type { HostContext } from "../context.js";
import type { HandleOrigin } from "../handles.js";
import { IoError } from "../io-error.js";
import { Pollable, waitFor } from "../poll.js";
import {
  checkPermit,
  clampLength,
  InputStream,
  MAX_BLOCKING_WRITE,
  OutputStream,
  throwClosed,
  throwStreamError,
} from "../streams.js";
import type { Inbox } from "./inbox.js";
import type { Outbox } from "./outbox.js";
import type { NetworkFailure } from "./protocol.js";

const INPUT = "wasi:io/streams#[method]input-stream";
const OUTPUT = "wasi:io/streams#[method]output-stream";

/** Reads what comes from a peer. */
export class NetworkInputStream extends InputStream {
  readonly #context: HostContext;
  readonly #inbox: Inbox;
  readonly #detail: string | undefined;
  #isClosed = false;

  constructor(context: HostContext, inbox: Inbox, origin: HandleOrigin) {
    super(context, () => new Uint8Array(), origin);
    this.#context = context;
    this.#inbox = inbox;
    this.#detail = origin.detail;
  }

  override read(len: bigint): Uint8Array {
    return this.#next(len, "read");
  }

  override blockingRead(len: bigint): Uint8Array {
    return this.#blockingNext(len, "blocking-read");
  }

  override skip(len: bigint): bigint {
    return BigInt(this.#next(len, "skip").length);
  }

  override blockingSkip(len: bigint): bigint {
    return BigInt(this.#blockingNext(len, "blocking-skip").length);
  }

  override subscribe(): Pollable {
    return new Pollable(this.#context, this.#inbox.readiness, {
      createdBy: `${INPUT}.subscribe`,
      detail: this.#detail,
    });
  }

  #blockingNext(len: bigint, method: string): Uint8Array {
    if (!this.#isClosed && len > 0n) waitFor(this.#context, this.#inbox.readiness);
    return this.#next(len, method);
  }

  #next(len: bigint, method: string): Uint8Array {
    if (this.#isClosed) throwClosed();
    if (len === 0n || !this.#inbox.readiness.isReady()) return new Uint8Array();
    const next = this.#inbox.take(clampLength(len));
    if (next instanceof Uint8Array) return next;
    this.#isClosed = true;
    if (next === "ended") return throwClosed();
    return throwFailed(this.#context, next, { createdBy: `${INPUT}.${method}`, detail: this.#detail });
  }
}

/** Writes to a peer. */
export class NetworkOutputStream extends OutputStream {
  readonly #context: HostContext;
  readonly #outbox: Outbox;
  readonly #detail: string | undefined;
  #isClosed = false;
  #isFlushing = false;

  constructor(context: HostContext, outbox: Outbox, origin: HandleOrigin) {
    super(context, () => undefined, origin);
    this.#context = context;
    this.#outbox = outbox;
    this.#detail = origin.detail;
  }

  override checkWrite(): bigint {
    return BigInt(this.#permit("check-write"));
  }

  override write(contents: Uint8Array): void {
    this.#put(contents, "write");
  }

  override blockingWriteAndFlush(contents: Uint8Array): void {
    this.#blockingPut(contents, "blocking-write-and-flush");
  }

  override flush(): void {
    this.#check("flush");
    this.#isFlushing = true;
  }

  override blockingFlush(): void {
    this.#check("blocking-flush");
    waitFor(this.#context, this.#outbox.flushed);
    this.#check("blocking-flush");
  }

  override writeZeroes(len: bigint): void {
    checkPermit(len, this.#permit("write-zeroes"), "write-zeroes");
    this.#put(new Uint8Array(Number(len)), "write-zeroes");
  }

  override blockingWriteZeroesAndFlush(len: bigint): void {
    checkPermit(len, MAX_BLOCKING_WRITE, "blocking-write-zeroes-and-flush");
    this.#blockingPut(new Uint8Array(Number(len)), "blocking-write-zeroes-and-flush");
  }

  override splice(src: InputStream, len: bigint): bigint {
    const permit = BigInt(this.#permit("splice"));
    const bytes = src.read(len < permit ? len : permit);
    this.#put(bytes, "splice");
    return BigInt(bytes.length);
  }

  override blockingSplice(src: InputStream, len: bigint): bigint {
    waitFor(this.#context, this.#readiness());
    const permit = BigInt(this.#permit("blocking-splice"));
    const bytes = src.blockingRead(len < permit ? len : permit);
    this.#put(bytes, "blocking-splice");
    return BigInt(bytes.length);
  }

  override subscribe(): Pollable {
    return new Pollable(this.#context, this.#readiness(), { createdBy: `${OUTPUT}.subscribe`, detail: this.#detail });
  }

  #readiness() {
    return this.#isFlushing ? this.#outbox.flushed : this.#outbox.readiness;
  }

  /** WIT, of `flush`: "the stream will not be ready for writing" until it is done. */
  #permit(method: string): number {
    this.#check(method);
    if (this.#isFlushing) this.#isFlushing = !this.#outbox.flushed.isReady();
    return this.#isFlushing || !this.#outbox.readiness.isReady() ? 0 : this.#outbox.room;
  }

  #put(contents: Uint8Array, method: string): void {
    checkPermit(BigInt(contents.length), this.#permit(method), method);
    // Whoever gave it may change it.
    if (contents.length > 0) this.#outbox.put(Uint8Array.from(contents));
  }

  #blockingPut(contents: Uint8Array, method: string): void {
    checkPermit(BigInt(contents.length), MAX_BLOCKING_WRITE, method);
    for (let at = 0; at < contents.length; ) {
      waitFor(this.#context, this.#readiness());
      const part = contents.subarray(at, at + this.#permit(method));
      this.#put(part, method);
      at += part.length;
    }
    waitFor(this.#context, this.#outbox.flushed);
    this.#check(method);
  }

  #check(method: string): void {
    const { state } = this.#outbox;
    if (this.#isClosed || state === "ended") throwClosed();
    if (state === "open") return;
    this.#isClosed = true;
    throwFailed(this.#context, state, { createdBy: `${OUTPUT}.${method}`, detail: this.#detail });
  }
}

function throwFailed(context: HostContext, failure: NetworkFailure, origin: HandleOrigin): never {
  return throwStreamError({ tag: "last-operation-failed", val: new IoError(context, failure, origin) });
}
