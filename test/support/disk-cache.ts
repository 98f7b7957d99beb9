import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CACHE } from "./paths.js";

/**
 * The bytes that `make` makes of `inputs`, kept under a hash of these. Files appear by renaming, so workers that run
 * at once never read half of one; at worst two make the same.
 */
export async function cached(
  inputs: readonly (string | Uint8Array)[],
  make: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const hash = createHash("sha256");
  // Lengths keep ["ab", "c"] and ["a", "bc"] apart.
  for (const input of inputs) hash.update(`${Buffer.byteLength(input)}:`).update(input);
  const directory = join(CACHE, "fixtures");
  const path = join(directory, `${hash.digest("hex")}.wasm`);
  const found = await readFile(path).catch(() => undefined);
  if (found !== undefined) return new Uint8Array(found);
  const made = await make();
  await mkdir(directory, { recursive: true });
  const temporary = `${path}.${randomUUID()}.tmp`;
  await writeFile(temporary, made);
  await rename(temporary, path);
  return made;
}
