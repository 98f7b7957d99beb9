import type { OpenLibrary, ProgramItems } from "./bake.js";
import type { LookupLibrary } from "./lookup.js";

/** What a guest has open: libraries, and what can be looked up. */
export interface DlState {
  readonly program: ProgramItems;
  /** In the order in which they were opened. */
  readonly libraries: readonly OpenLibrary[];
  readonly lookup: readonly LookupLibrary[];
}
