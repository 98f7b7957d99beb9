import type { Async } from "./async.js";
import { ReadableGuestBuffer, WritableGuestBuffer } from "./buffers.js";
import {
  type CopyEnd,
  CopyResult,
  type CopyType,
  isEnd,
  type OnCopy,
  type OnCopyDone,
  ReadableEnd,
  SharedFuture,
  SharedStream,
  WritableEnd,
} from "./copy.js";
import type { CoreValue } from "./core-types.js";
import type { ComponentInstance } from "./instance.js";
import { type CanonicalOptions, toAddress } from "./options.js";
import type { Thread } from "./thread.js";
import { trap, trapIf } from "./trap.js";
import { EventCode, type EventTuple } from "./waitable.js";

/** CanonicalABI.md, `BLOCKED`. */
export const BLOCKED = 0xffff_ffff;

type Side = "readable" | "writable";

/** CanonicalABI.md, `canon {stream,future}.new`: both indices in one number. */
export function newEnds(instance: ComponentInstance, { kind, element }: CopyType): bigint {
  instance.checkMayLeave();
  const shared = kind === "stream" ? new SharedStream(element) : new SharedFuture(element);
  const readable = instance.handles.add(new ReadableEnd(kind, shared));
  const writable = instance.handles.add(new WritableEnd(kind, shared));
  return BigInt(readable) | (BigInt(writable) << 32n);
}

function endAt(instance: ComponentInstance, index: number, side: Side, type: CopyType): CopyEnd {
  const entry = instance.handles.get(index);
  return isEnd(entry, side, type) ? entry : trap(`handle index ${index} is no ${side} end of such a ${type.kind}`);
}

function eventCodeOf(side: Side, { kind }: CopyType): EventCode {
  if (kind === "stream") return side === "readable" ? EventCode.streamRead : EventCode.streamWrite;
  return side === "readable" ? EventCode.futureRead : EventCode.futureWrite;
}

function checkNotInSet(end: CopyEnd, isAsync: boolean): void {
  trapIf(end.set !== undefined && !isAsync, "waitable cannot be used synchronously while added to a waitable set");
}

/** CanonicalABI.md, `stream_copy` and `future_copy`. */
export function* copy(
  instance: ComponentInstance,
  side: Side,
  type: CopyType,
  options: CanonicalOptions,
  args: readonly CoreValue[],
): Async<number> {
  instance.checkMayLeave();
  const [index, ptr = 0, length = 1] = args.map(toAddress) as [number, number?, number?];
  const end = endAt(instance, index, side, type);
  checkIdle(end, side, type);
  checkNotInSet(end, options.async);
  const cx = { options, instance, lends: undefined, borrows: undefined };
  const Buffer = side === "readable" ? WritableGuestBuffer : ReadableGuestBuffer;
  const buffer = new Buffer(type.element, cx, ptr, length);
  const code = eventCodeOf(side, type);
  const event = (result: CopyResult, reclaimBuffer: () => void) => (): EventTuple => {
    reclaimBuffer();
    end.hasPartialCopy = false;
    const isDone = result === CopyResult.dropped || (type.kind === "future" && result === CopyResult.completed);
    end.state = isDone ? "done" : "idle";
    return [code, index, type.kind === "stream" ? (result | (buffer.progress << 4)) >>> 0 : result];
  };
  const onCopy: OnCopy = (reclaim) => {
    end.hasPartialCopy = true;
    end.setPendingEvent(event(CopyResult.completed, reclaim));
  };
  const onCopyDone: OnCopyDone = (result) => {
    end.hasPartialCopy = false;
    end.setPendingEvent(event(result, () => undefined));
  };
  end.state = "copying";
  if (buffer instanceof WritableGuestBuffer) (end as ReadableEnd).shared.read(instance, buffer, onCopy, onCopyDone);
  else (end as WritableEnd).shared.write(instance, buffer, onCopy, onCopyDone);
  return yield* eventOf(end, options.async, instance);
}

function checkIdle({ state }: CopyEnd, side: Side, { kind }: CopyType): void {
  if (state === "idle") return;
  const verb = side === "readable" ? "read from" : "write to";
  if (state !== "done") trap("cannot have concurrent operations active on a future/stream");
  if (kind === "future") {
    trap(
      side === "readable"
        ? "cannot read from future after previous read succeeded"
        : "cannot write to future after previous write succeeded or readable end dropped",
    );
  }
  const other = side === "readable" ? "writable" : "readable";
  trap(`cannot ${verb} stream after being notified that the ${other} end dropped`);
}

function* eventOf(end: CopyEnd, isAsync: boolean, { store }: ComponentInstance): Async<number> {
  if (!end.hasPendingEvent()) {
    if (isAsync) return BLOCKED;
    yield* end.waitForPendingEvent(store.currentThread as Thread);
  }
  const [, , payload] = end.takePendingEvent();
  return payload;
}

/** CanonicalABI.md, `cancel_copy`. */
export function* cancelCopy(
  instance: ComponentInstance,
  side: Side,
  type: CopyType,
  isAsync: boolean,
  index: number,
): Async<number> {
  instance.checkMayLeave();
  const end = endAt(instance, index, side, type);
  trapIf(end.state !== "copying" || end.hasSyncWaiter, `cannot cancel a ${type.kind} operation that is not under way`);
  checkNotInSet(end, isAsync);
  end.state = "cancelling copy";
  // A part that was copied does not end the copy: Wasmtime and the specification's own tests say that it was cancelled.
  if (!end.hasPendingEvent() || end.hasPartialCopy) end.shared.cancel();
  return yield* eventOf(end, isAsync, instance);
}

/** CanonicalABI.md, `canon {stream,future}.drop-{readable,writable}`. */
export function dropEnd(instance: ComponentInstance, side: Side, type: CopyType, index: number): void {
  instance.checkMayLeave();
  const end = endAt(instance, index, side, type);
  end.drop();
  instance.handles.remove(index);
}
