import type { Component } from "../component/model.js";
import { ComponentInitError } from "../errors.js";
import { checkDlImports, DL_INTERFACE, opensLibraries } from "./interface.js";
import type { DlPlan } from "./plan.js";

/** What a caller gives for libraries that are opened. */
interface Given {
  readonly libraries?: Readonly<Record<string, unknown>>;
  readonly libraryPath?: readonly string[];
  readonly keep?: boolean;
  readonly plan?: DlPlan;
}

/**
 * Nobody would look at it if the component opens none.
 *
 * @throws ComponentInitError `invalid-option`
 */
export function checkGiven(component: Component, { libraries = {}, libraryPath = [], keep, plan }: Given = {}): void {
  if (Object.keys(libraries).length > 0) checkOpens(component, "a library for it to open (--dl-openable)");
  if (libraryPath.length > 0) checkOpens(component, "a directory to look for them in (--library-path)");
  if (keep) checkOpens(component, "leave to open more at run time (--keep-dlopen)");
  if (plan !== undefined) checkOpens(component, "a linking plan (--plan)");
}

/** @throws ComponentInitError `invalid-option` */
export function checkOpens(component: Component, given: string): void {
  if (opensLibraries(component)) return;
  // Another version of the interface says more.
  checkDlImports(component);
  throw new ComponentInitError(
    "invalid-option",
    `the component opens no libraries, and ${given} is given: it does not import ${DL_INTERFACE}`,
  );
}
