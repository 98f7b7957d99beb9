import type { Component, Import } from "../component/model.js";
import { ComponentInitError } from "../errors.js";
import type { CoreInstanceNode, Specialized, Supply } from "../specialize/model.js";
import { specialize } from "../specialize/specialize.js";
import { answerIn } from "./answering.js";
import { type Baked, bake } from "./bake.js";
import { dlImports } from "./interface.js";
import { type LookupState, lookupModule } from "./lookup.js";
import { loweringsOf } from "./lowerings.js";
import type { DlState } from "./state.js";

export interface WithLibraries extends Baked {
  /** Imports that nobody is to provide any more. */
  readonly replacedImports: ReadonlySet<Import>;
}

/**
 * The component with what its initialization opened: the libraries themselves, and what answers for them.
 *
 * @param keepsImport - whether it can open others where the host lets it
 */
export async function withLibraries(
  bytes: Uint8Array,
  supply: Supply,
  { program, libraries, lookup }: DlState,
  keepsImport: boolean,
): Promise<WithLibraries> {
  const specialized = specialize(bytes, supply);
  const imports = new Set(dlImports(specialized.component));
  const home = program && specialized.instances[program.memory.position]?.component;
  const answering = await answerAll(specialized, imports, home, lookup, keepsImport);
  const baked = bake(specialized, answering, program, libraries);
  return { ...baked, replacedImports: keepsImport ? new Set() : imports };
}

const NOTHING_OPEN: LookupState = { libraries: [], lastHandle: 0 };

/** Only the program knows what was opened: another component's handles and addresses are none of it. */
async function answerAll(
  { component }: Specialized,
  imports: ReadonlySet<Import>,
  home: Component | undefined,
  state: LookupState,
  asksHost: boolean,
): Promise<CoreInstanceNode[]> {
  const byComponent = Map.groupBy(loweringsOf(component, imports), (lowering) => lowering.component);
  const added: CoreInstanceNode[] = [];
  for (const [inner, lowerings] of byComponent) {
    const lookup = await lookupModule(inner === home ? state : NOTHING_OPEN, asksHost);
    added.push(...(await answerIn(inner, lowerings, lookup, asksHost)));
  }
  return added;
}

/** A snapshot with libraries has its places in the component that opened them. */
export function refuseOnto(): never {
  throw new ComponentInitError("unsupported", "a component that opens libraries cannot be written onto another one");
}
