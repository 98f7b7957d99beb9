import type { ComponentInstance } from "./instance.js";
import { trap, trapIf } from "./trap.js";
import { noneOrNumberType, type OfKind, type ValType } from "./types.js";
import { Waitable } from "./waitable.js";

/** What elements are between two ends: see `Convention`. */
export type ConventionName = "guest" | "host";

/** CanonicalABI.md, `Buffer`. */
export interface CopyBuffer {
  readonly isHost: boolean;
  readonly remain: number;
  isZeroLength(): boolean;
}

/** CanonicalABI.md, `ReadableBuffer`. */
export interface ReadableBuffer extends CopyBuffer {
  read(count: number, convention: ConventionName): unknown;
}

/** CanonicalABI.md, `WritableBuffer`. */
export interface WritableBuffer extends CopyBuffer {
  write(elements: unknown, count: number, convention: ConventionName): void;
}

/** CanonicalABI.md, `CopyResult`. */
export const CopyResult = { completed: 0, dropped: 1, cancelled: 2 } as const;
export type CopyResult = (typeof CopyResult)[keyof typeof CopyResult];

/** CanonicalABI.md, `OnCopy`: told of a part; what it is given takes the buffer back. */
export type OnCopy = (reclaimBuffer: () => void) => void;
export type OnCopyDone = (result: CopyResult) => void;

/** CanonicalABI.md, `SharedBase`: what both ends of a stream or future have in common. */
export interface SharedBase {
  readonly element: ValType | undefined;
  cancel(): void;
  drop(): void;
}

/** CanonicalABI.md, `ReadableStream` and `ReadableFuture`: what the readable end of one is, which goes from hand to hand. */
export interface ReadableEndShared extends SharedBase {
  /** @param reader - the host for `undefined` */
  read(reader: ComponentInstance | undefined, buffer: WritableBuffer, onCopy: OnCopy, onCopyDone: OnCopyDone): void;
}

export interface WritableEndShared extends SharedBase {
  write(writer: ComponentInstance | undefined, buffer: ReadableBuffer, onCopy: OnCopy, onCopyDone: OnCopyDone): void;
}

interface Pending<B extends CopyBuffer> {
  readonly instance: ComponentInstance | undefined;
  readonly buffer: B;
  readonly onCopy: OnCopy;
  readonly onCopyDone: OnCopyDone;
}

type AnyPending =
  | (Pending<ReadableBuffer> & { readonly isRead: false })
  | (Pending<WritableBuffer> & { readonly isRead: true });

/** What streams and futures that guests make have in common. */
abstract class SharedImpl implements ReadableEndShared, WritableEndShared {
  protected dropped = false;
  protected pending: AnyPending | undefined;

  constructor(readonly element: ValType | undefined) {}

  abstract read(...args: Parameters<ReadableEndShared["read"]>): void;
  abstract write(...args: Parameters<WritableEndShared["write"]>): void;

  cancel(): void {
    this.notifyPending(CopyResult.cancelled);
  }

  drop(): void {
    if (this.dropped) return;
    this.dropped = true;
    if (this.pending !== undefined) this.notifyPending(CopyResult.dropped);
  }

  protected readonly resetPending = (): void => {
    this.pending = undefined;
  };

  protected notifyPending(result: CopyResult): void {
    const { onCopyDone } = this.pending as AnyPending;
    this.pending = undefined;
    onCopyDone(result);
  }

  /** Temporary in the specification: lifting and lowering in one instance at once. */
  protected checkInstances(instance: ComponentInstance | undefined, pending: AnyPending): void {
    trapIf(
      instance !== undefined && instance === pending.instance && !noneOrNumberType(this.element),
      "cannot read from and write to intra-component future/stream with non-numeric payload",
    );
  }
}

function pendingWrite(pending: AnyPending): Pending<ReadableBuffer> {
  if (pending.isRead) return trap("cannot have concurrent operations active on a future/stream");
  return pending;
}

function pendingRead(pending: AnyPending): Pending<WritableBuffer> {
  if (!pending.isRead) return trap("cannot have concurrent operations active on a future/stream");
  return pending;
}

function transfer(from: ReadableBuffer, to: WritableBuffer, count: number): void {
  const convention = from.isHost || to.isHost ? "host" : "guest";
  to.write(from.read(count, convention), count, convention);
}

/** CanonicalABI.md, `SharedStreamImpl`. */
export class SharedStream extends SharedImpl {
  read(instance: ComponentInstance | undefined, buffer: WritableBuffer, onCopy: OnCopy, onCopyDone: OnCopyDone): void {
    const request = { instance, buffer, onCopy, onCopyDone, isRead: true } as const;
    const { pending } = this;
    if (this.dropped) onCopyDone(CopyResult.dropped);
    else if (pending === undefined) this.pending = request;
    else {
      const writing = pendingWrite(pending);
      this.checkInstances(instance, pending);
      if (writing.buffer.remain > 0) {
        if (buffer.remain > 0) {
          const count = Math.min(buffer.remain, writing.buffer.remain);
          transfer(writing.buffer, buffer, count);
          writing.onCopy(this.resetPending);
        }
        onCopyDone(CopyResult.completed);
      } else {
        this.notifyPending(CopyResult.completed);
        this.pending = request;
      }
    }
  }

  write(instance: ComponentInstance | undefined, buffer: ReadableBuffer, onCopy: OnCopy, onCopyDone: OnCopyDone): void {
    const request = { instance, buffer, onCopy, onCopyDone, isRead: false } as const;
    const { pending } = this;
    if (this.dropped) onCopyDone(CopyResult.dropped);
    else if (pending === undefined) this.pending = request;
    else {
      const reading = pendingRead(pending);
      this.checkInstances(instance, pending);
      if (reading.buffer.remain > 0) {
        if (buffer.remain > 0) {
          const count = Math.min(buffer.remain, reading.buffer.remain);
          transfer(buffer, reading.buffer, count);
          reading.onCopy(this.resetPending);
        }
        onCopyDone(CopyResult.completed);
      } else if (buffer.isZeroLength() && reading.buffer.isZeroLength()) onCopyDone(CopyResult.completed);
      else {
        this.notifyPending(CopyResult.completed);
        this.pending = request;
      }
    }
  }
}

/** CanonicalABI.md, `SharedFutureImpl`: one value goes over, once. */
export class SharedFuture extends SharedImpl {
  read(instance: ComponentInstance | undefined, buffer: WritableBuffer, onCopy: OnCopy, onCopyDone: OnCopyDone): void {
    const { pending } = this;
    if (pending === undefined) {
      this.pending = { instance, buffer, onCopy, onCopyDone, isRead: true };
      return;
    }
    const writing = pendingWrite(pending);
    this.checkInstances(instance, pending);
    transfer(writing.buffer, buffer, 1);
    this.notifyPending(CopyResult.completed);
    onCopyDone(CopyResult.completed);
  }

  write(instance: ComponentInstance | undefined, buffer: ReadableBuffer, onCopy: OnCopy, onCopyDone: OnCopyDone): void {
    const { pending } = this;
    if (this.dropped) onCopyDone(CopyResult.dropped);
    else if (pending === undefined) this.pending = { instance, buffer, onCopy, onCopyDone, isRead: false };
    else {
      const reading = pendingRead(pending);
      this.checkInstances(instance, pending);
      transfer(buffer, reading.buffer, 1);
      this.notifyPending(CopyResult.completed);
      onCopyDone(CopyResult.completed);
    }
  }
}

export type CopyState = "idle" | "copying" | "cancelling copy" | "done";
export type CopyKind = "stream" | "future";

/** CanonicalABI.md, `CopyEnd`: what a guest has of a stream or future. */
export abstract class CopyEnd<S extends SharedBase = SharedBase> extends Waitable {
  state: CopyState = "idle";
  /** Whether the pending event tells of a part that was copied, while the rest of the buffer waits. */
  hasPartialCopy = false;

  constructor(
    readonly kind: CopyKind,
    readonly shared: S,
  ) {
    super();
  }

  get copying(): boolean {
    return this.state === "copying" || this.state === "cancelling copy";
  }

  override drop(): void {
    trapIf(this.copying, `cannot drop busy ${this.kind}`);
    this.shared.drop();
    super.drop();
  }
}

export class ReadableEnd extends CopyEnd<ReadableEndShared> {}

export class WritableEnd extends CopyEnd<WritableEndShared> {
  override drop(): void {
    trapIf(
      this.kind === "future" && this.state !== "done" && !this.copying,
      "cannot drop future write end without first writing a value",
    );
    super.drop();
  }
}

/** The type of a stream or future. */
export type CopyType = OfKind<"stream"> | OfKind<"future">;

/** CanonicalABI.md, `lift_async_value`: takes the readable end out of the instance. */
export function liftReadable(instance: ComponentInstance, index: number, type: CopyType): ReadableEndShared {
  const end = instance.handles.get(index);
  if (!isEnd(end, "readable", type)) return trap(`handle index ${index} is no readable end of such a ${type.kind}`);
  if (end.state === "done") {
    trap(
      type.kind === "future"
        ? "cannot lift future after previous read succeeded"
        : "cannot lift stream after being notified that the writable end dropped",
    );
  }
  trapIf(end.state !== "idle", `cannot lift a ${type.kind} that is being read`);
  trapIf(end.set !== undefined, `cannot lift ${type.kind} while it's in a waitable set`);
  instance.handles.remove(index);
  return end.shared;
}

/** CanonicalABI.md, `lower_stream` and `lower_future`. */
export function lowerReadable(instance: ComponentInstance, shared: ReadableEndShared, kind: CopyKind): number {
  return instance.handles.add(new ReadableEnd(kind, shared));
}

export function isEnd(entry: unknown, side: "readable", type: CopyType): entry is ReadableEnd;
export function isEnd(entry: unknown, side: "writable", type: CopyType): entry is WritableEnd;
export function isEnd(entry: unknown, side: "readable" | "writable", type: CopyType): entry is CopyEnd;
export function isEnd(entry: unknown, side: "readable" | "writable", type: CopyType): boolean {
  const End = side === "readable" ? ReadableEnd : WritableEnd;
  return entry instanceof End && entry.kind === type.kind && entry.shared.element === type.element;
}
