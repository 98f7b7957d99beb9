import type { ComponentInstance } from "./instance.js";
import type { CanonicalOptions } from "./options.js";
import type { BorrowScope, LendScope } from "./resources.js";

/** CanonicalABI.md, `LiftLowerContext`: a call for which values are lifted or lowered. */
export interface LiftLowerContext {
  readonly options: CanonicalOptions;
  readonly instance: ComponentInstance;
  /** Where values are lifted for a call: what handles are lent to. */
  readonly lends: LendScope | undefined;
  /** Where values are lowered for a task: what borrowed handles belong to. */
  readonly borrows: BorrowScope | undefined;
}
