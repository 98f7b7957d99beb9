import { codecOf } from "./codec.js";
import type { LiftLowerContext } from "./context.js";
import type { ConventionName, CopyBuffer, ReadableBuffer, WritableBuffer } from "./copy.js";
import { guestConvention } from "./guest-convention.js";
import { hostConvention } from "./host-convention.js";
import { alignTo, layoutOf } from "./layout.js";
import { trapIf } from "./trap.js";
import type { ValType } from "./types.js";

const CONVENTIONS = { guest: guestConvention, host: hostConvention } as const;

/** CanonicalABI.md, `BufferGuestImpl`. */
abstract class GuestBuffer implements CopyBuffer {
  static readonly MAX_LENGTH = 2 ** 28 - 1;

  readonly isHost = false;
  progress = 0;

  constructor(
    protected readonly element: ValType | undefined,
    protected readonly cx: LiftLowerContext,
    protected ptr: number,
    private readonly length: number,
  ) {
    trapIf(length > GuestBuffer.MAX_LENGTH, "stream read/write count too large");
    if (element === undefined || length === 0) return;
    cx.options.refresh();
    const { alignment } = layoutOf(element, cx.options.ptrType);
    trapIf(ptr !== alignTo(ptr, alignment), "unaligned pointer");
    trapIf(ptr + length * this.elementSize > cx.options.bytes.length, "read/write pointer out of bounds of memory");
  }

  get remain(): number {
    return this.length - this.progress;
  }

  isZeroLength(): boolean {
    return this.length === 0;
  }

  protected get elementSize(): number {
    return this.element === undefined ? 0 : layoutOf(this.element, this.cx.options.ptrType).size;
  }

  protected advance(count: number): void {
    this.ptr += count * this.elementSize;
    this.progress += count;
  }
}

export class ReadableGuestBuffer extends GuestBuffer implements ReadableBuffer {
  read(count: number, convention: ConventionName): unknown {
    const { element, cx, ptr } = this;
    this.advance(count);
    if (element === undefined) return undefined;
    cx.options.refresh();
    cx.instance.store.refuel();
    const { lifters } = codecOf(CONVENTIONS[convention], cx.options.ptrType);
    return lifters.elements(element, { kind: "list", element, length: undefined })(cx, ptr, count);
  }
}

export class WritableGuestBuffer extends GuestBuffer implements WritableBuffer {
  write(elements: unknown, count: number, convention: ConventionName): void {
    const { element, cx, ptr } = this;
    this.advance(count);
    if (element === undefined) return;
    cx.options.refresh();
    const { lowerers } = codecOf(CONVENTIONS[convention], cx.options.ptrType);
    lowerers.allElements(element)(cx, elements, ptr);
  }
}
