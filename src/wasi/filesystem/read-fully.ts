import { readSync } from "node:fs";

/** The most that one `read` gives on Linux, and that Node takes. */
const MAX_READ = 2 ** 30;

/** Reads so many bytes, or as many as there are. */
export function readFully(fd: number, start: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(fd, bytes, filled, Math.min(length - filled, MAX_READ), start + filled);
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}
