import { fail } from "./error-code.js";

/** As on Linux, in bytes. */
const MAX_NAME = 255;

/** The resolver hands over single components only; what could still mean another place to the host is not an entry. */
export function isPlainName(name: string): boolean {
  if (name === "" || name === "." || name === "..") return false;
  return !(process.platform === "win32" ? /[/\\:\0]/ : /[/\0]/).test(name);
}

/** Names of new entries must be such that any host could have them, for an entry may get there. */
export function checkNewName(name: string): void {
  if (Buffer.byteLength(name) > MAX_NAME) fail("name-too-long");
  if (!isPlainName(name)) fail("invalid");
}

export function join(directory: string, name: string): string {
  return directory.endsWith("/") ? directory + name : `${directory}/${name}`;
}

/** By code unit: the same everywhere. */
export function byName<T extends { readonly name: string }>(a: T, b: T): number {
  return a.name < b.name ? -1 : 1;
}
