import type { OpenLibrary, ProgramItems } from "./bake.js";
import type { LookupState } from "./lookup.js";

/** What a guest has open: libraries, and what can be looked up. */
export interface DlState {
  /** Nothing where it could not be told which core module is the program: then it has opened nothing. */
  readonly program: ProgramItems | undefined;
  /** In the order in which they were opened. */
  readonly libraries: readonly OpenLibrary[];
  readonly lookup: LookupState;
}
