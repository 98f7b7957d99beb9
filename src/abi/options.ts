import type { CoreType, CoreValue, PtrType, WasmFunction } from "./core-types.js";
import type { ComponentInstance } from "./instance.js";
import { alignTo, type FlatteningOptions, ptrSize } from "./layout.js";
import { callTrapping, trap, trapIf } from "./trap.js";

export type StringEncoding = "utf8" | "utf16" | "latin1+utf16";

/** The canonical options of a definition, which may leave any out. */
export interface CanonicalSettings {
  readonly encoding: StringEncoding;
  readonly memory: WebAssembly.Memory | undefined;
  readonly ptrType: PtrType;
  readonly realloc: WasmFunction | undefined;
  readonly postReturn: WasmFunction | undefined;
  readonly async: boolean;
  readonly callback: WasmFunction | undefined;
}

const NO_MEMORY = new ArrayBuffer(0);

/** CanonicalABI.md, `CanonicalOptions`, with views of the memory that are made anew when that has grown. */
export class CanonicalOptions implements FlatteningOptions {
  readonly encoding: StringEncoding;
  readonly memory: WebAssembly.Memory | undefined;
  readonly ptrType: PtrType;
  readonly ptrSize: number;
  readonly postReturn: WasmFunction | undefined;
  readonly async: boolean;
  readonly callbackFunction: WasmFunction | undefined;
  view = new DataView(NO_MEMORY);
  bytes = new Uint8Array(NO_MEMORY);

  readonly #realloc: WasmFunction | undefined;

  constructor(settings: CanonicalSettings) {
    this.encoding = settings.encoding;
    this.memory = settings.memory;
    this.ptrType = settings.ptrType;
    this.ptrSize = ptrSize(settings.ptrType);
    this.postReturn = settings.postReturn;
    this.async = settings.async;
    this.callbackFunction = settings.callback;
    this.#realloc = settings.realloc;
  }

  get callback(): boolean {
    return this.callbackFunction !== undefined;
  }

  /** To be called before values are loaded or stored, whenever code of the guest has run meanwhile. */
  refresh(): void {
    const buffer = this.memory?.buffer;
    if (buffer === undefined || buffer === this.view.buffer) return;
    this.view = new DataView(buffer);
    this.bytes = new Uint8Array(buffer);
  }

  /** CanonicalABI.md, `LiftLowerContext.reallocate`, and the checks that all of its users make. */
  reallocate(
    instance: ComponentInstance,
    old: number,
    oldLength: number,
    alignment: number,
    newLength: number,
  ): number {
    const result = instance.store.callRealloc(instance, () => this.#callRealloc(old, oldLength, alignment, newLength));
    const ptr = toAddress(result);
    this.refresh();
    trapIf(ptr !== alignTo(ptr, alignment), "realloc return: result not aligned");
    trapIf(ptr + newLength > this.bytes.length, "realloc return: beyond end of memory");
    return ptr;
  }

  allocate(instance: ComponentInstance, alignment: number, length: number): number {
    return this.reallocate(instance, 0, 0, alignment, length);
  }

  #callRealloc(...args: number[]): CoreValue {
    const realloc = this.#realloc ?? trap("a value needs memory, and there is no realloc");
    return callTrapping(realloc, this.ptrType === "i32" ? args : args.map(BigInt)) as CoreValue;
  }

  /** An address or length as a core value. */
  toCore(address: number): CoreValue {
    return this.ptrType === "i32" ? address : BigInt(address);
  }

  /** Loads an address or length. */
  loadCore(ptr: number): CoreValue {
    return this.ptrType === "i32" ? this.view.getUint32(ptr, true) : this.view.getBigUint64(ptr, true);
  }

  storeCore(ptr: number, value: CoreValue): void {
    if (typeof value === "number") this.view.setUint32(ptr, value, true);
    else this.view.setBigUint64(ptr, value, true);
  }
}

/** An address or length. What is beyond JavaScript's integers is beyond all memories: infinity is, too. */
export function toAddress(value: CoreValue): number {
  if (typeof value === "number") return value >>> 0;
  const address = BigInt.asUintN(64, value);
  return address > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(address);
}

/** CanonicalABI.md, `CoreValueIter`. */
export class CoreValueIter {
  #next = 0;

  constructor(private readonly values: readonly CoreValue[]) {}

  /** @param _type - what a reader of joined values has to convert to */
  next(_type: CoreType): CoreValue {
    return this.values[this.#next++] as CoreValue;
  }

  nextPtr({ ptrType }: CanonicalOptions): number {
    return toAddress(this.next(ptrType));
  }
}

/** Of a function whose values need no memory. */
export const NO_OPTIONS = new CanonicalOptions({
  encoding: "utf8",
  memory: undefined,
  ptrType: "i32",
  realloc: undefined,
  postReturn: undefined,
  async: false,
  callback: undefined,
});
