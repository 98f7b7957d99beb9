import { definitionsOfKind } from "../component/graph.js";
import type { Component, Import } from "../component/model.js";
import { functionsOfImport } from "../component/resolve.js";
import { type FunctionType, formatFunctionType, type ValueType } from "../component/value-types.js";
import { ComponentInitError } from "../errors.js";

/** The interface by which guests open libraries, without its version (shared-libs/dlopen/dlopen.wit). */
export const DL_INTERFACE = "component-init:dlopen/dl";

export function isDlInterface(name: string): boolean {
  return name.startsWith(`${DL_INTERFACE}@0.1.`);
}

/** What `open` and `symbol` take for other things than a library. */
export const PROGRAM_HANDLE = 1;
export const DEFAULT_SCOPE = 0;
export const NEXT_SCOPE = 0xffffffff;

export type DlFunction = "open" | "open-bytes" | "symbol" | "close";

const STRING: ValueType = { kind: "string" };
const U32: ValueType = { kind: "u32" };
const FLAGS: ValueType = { kind: "flags", labels: ["no-load", "global", "no-delete"] };
const HANDLE: ValueType = { kind: "result", ok: U32, err: STRING };

function func(params: Readonly<Record<string, ValueType>>, result: ValueType): FunctionType {
  return { async: false, params: Object.entries(params).map(([name, type]) => ({ name, type })), result };
}

const FUNCTIONS: Readonly<Record<DlFunction, FunctionType>> = {
  open: func({ name: STRING, flags: FLAGS }, HANDLE),
  "open-bytes": func({ name: STRING, bytes: { kind: "list", element: { kind: "u8" } }, flags: FLAGS }, HANDLE),
  symbol: func({ library: U32, name: STRING }, HANDLE),
  close: func({ library: U32 }, { kind: "result", err: STRING }),
};

/** The imports by which a component opens libraries: one, or one for each version of the interface. */
export function dlImports(component: Component): Import[] {
  return definitionsOfKind(component, "import").filter(
    ({ sort, name }) => sort === "instance" && isDlInterface(name.name),
  );
}

/** Whether a component can open libraries. */
export function opensLibraries(component: Component): boolean {
  return dlImports(component).length > 0;
}

/** @throws ComponentInitError `unsupported` for an import that only has the interface's name */
export function checkDlImports(component: Component): void {
  for (const { name } of definitionsOfKind(component, "import")) checkVersion(name.name);
  for (const item of dlImports(component)) checkFunctions(item, functionsOfImport(component, item));
}

function checkVersion(name: string): void {
  if ((name !== DL_INTERFACE && !name.startsWith(`${DL_INTERFACE}@`)) || isDlInterface(name)) return;
  throw new ComponentInitError("unsupported", `the component imports ${name}, and only version 0.1 of it is known`);
}

function checkFunctions(item: Import, functions: ReadonlyMap<string, FunctionType>): void {
  for (const [name, type] of functions) {
    const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name as DlFunction] : undefined;
    if (known !== undefined && JSON.stringify(known) === JSON.stringify(type)) continue;
    const what = known === undefined ? "which it has not" : `which it has as ${formatFunctionType(known)}`;
    throw new ComponentInitError(
      "unsupported",
      `the component imports ${name} of ${item.name.name} as ${formatFunctionType(type)}, ${what}: dlopen.wit says what it has`,
    );
  }
}

/** A reason for `dlerror`: the guest goes on as it likes. */
export class DlError extends Error {
  /** Libraries that were not found, which is why or may be why. */
  readonly notFound: readonly string[];

  constructor(message: string, { notFound = [], ...options }: ErrorOptions & { notFound?: readonly string[] } = {}) {
    super(message, options);
    this.notFound = notFound;
  }
}

export function failDl(message: string): never {
  throw new DlError(message);
}
