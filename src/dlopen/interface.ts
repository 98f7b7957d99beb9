/** The interface by which guests open libraries, without its version (shared-libs/dlopen/dlopen.wit). */
export const DL_INTERFACE = "component-init:dlopen/dl";

export function isDlInterface(name: string): boolean {
  return name.startsWith(`${DL_INTERFACE}@0.1.`);
}

/** What `open` and `symbol` take for other things than a library. */
export const PROGRAM_HANDLE = 1;
export const DEFAULT_SCOPE = 0;
export const NEXT_SCOPE = 0xffffffff;

/** A reason for `dlerror`: the guest goes on as it likes. */
export class DlError extends Error {}

export function failDl(message: string): never {
  throw new DlError(message);
}
