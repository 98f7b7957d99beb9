import type { Component } from "../component/model.js";
import { ComponentInitError } from "../errors.js";
import type { Supply } from "../specialize/model.js";
import { specialize } from "../specialize/specialize.js";
import { type Baked, bake } from "./bake.js";
import { lookupComponent } from "./lookup.js";
import { replaceDlImport } from "./replace-import.js";
import type { DlState } from "./state.js";

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
): Promise<Baked> {
  const answering = await lookupComponent(lookup, keepsImport);
  const replace = (component: Component) => replaceDlImport(component, answering, keepsImport);
  return bake(specialize(bytes, supply, replace), answering, program, libraries);
}

/** A snapshot with libraries has its places in the component that opened them. */
export function refuseOnto(): never {
  throw new ComponentInitError("unsupported", "a component that opens libraries cannot be written onto another one");
}
