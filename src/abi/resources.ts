import type { WasmFunction } from "./core-types.js";
import type { Reentrance } from "./reentrance.js";

/** CanonicalABI.md, `ResourceType`. */
export class ResourceType {
  /**
   * @param impl - the instance that defines it; none for those of the host
   * @param destructor - the guest's, or what the host does when the guest drops one of its resources
   * @param name - as WIT has it, where it has one: for messages
   */
  constructor(
    readonly impl: Reentrance | undefined,
    readonly destructor: WasmFunction | undefined,
    readonly name: string | undefined,
  ) {}
}

/** A guest's resources are numbers of 32 bits, unsigned; the host's are objects. */
export type Representation = number | object;

/** What borrowed handles have to be given back to: a task of the borrower. */
export interface BorrowScope {
  numBorrows: number;
}

/** What handles are lent to: a call. */
export interface LendScope {
  addLender(handle: ResourceHandle): void;
}

/** CanonicalABI.md, `ResourceHandle`. */
export class ResourceHandle {
  numLends = 0;
  /** For whoever asks at the end what is still held. */
  origin: HandleCreation | undefined;

  constructor(
    readonly type: ResourceType,
    readonly rep: Representation,
    readonly own: boolean,
    readonly borrowScope: BorrowScope | undefined,
  ) {}
}

export interface HandleCreation {
  /** The import of a core module through which it was made, where that has a name. */
  readonly createdBy: string | undefined;
  /** Kept as an error because V8 formats a stack only when someone reads it. */
  readonly trace: Error | undefined;
}
