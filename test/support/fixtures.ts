import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { compileC, componentize } from "./clang.js";
import { FIXTURES } from "./paths.js";
import { wat } from "./wat.js";

/** All fixtures: a folder each, with `component.wat`, or with `program.c` and `world.wit`. */
export function fixtureNames(): string[] {
  const entries = readdirSync(FIXTURES, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** The component that a fixture stands for. */
export async function loadFixture(name: string): Promise<Uint8Array> {
  const folder = join(FIXTURES, name);
  const text = await readFile(join(folder, "component.wat"), "utf8").catch(() => undefined);
  if (text !== undefined) return wat(text);
  const program = await readFile(join(folder, "program.c"), "utf8");
  const world = await readFile(join(folder, "world.wit"), "utf8");
  return componentize(await compileC({ "program.c": program }), world);
}

/** Another text that belongs to a fixture, assembled. */
export async function loadFixtureFile(name: string, file: string): Promise<Uint8Array> {
  return wat(await readFile(join(FIXTURES, name, file), "utf8"));
}

/** A preopen of the files that come with a fixture. */
export function fixturePreopen(name: string, guest: string): { host: string; guest: string } {
  return { host: join(FIXTURES, name, "preopen"), guest };
}
