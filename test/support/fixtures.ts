import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { compileC, componentize, REACTOR_FLAGS } from "./clang.js";
import { FIXTURES } from "./paths.js";
import { wat } from "./wat.js";
import { withWasi03 } from "./wit.js";

/** All fixtures: a folder each, with `component.wat`, or with `program.c` (or `program.cc`) and `world.wit`. */
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
  return loadProgram(name);
}

/** A fixture that is a C or C++ program, built with further flags. */
export async function loadProgram(name: string, flags: readonly string[] = []): Promise<Uint8Array> {
  const folder = join(FIXTURES, name);
  const file = readdirSync(folder).find((entry) => /^program\.cc?$/.test(entry)) ?? "program.c";
  const program = await readFile(join(folder, file), "utf8");
  const world = withWasi03(await readFile(join(folder, "world.wit"), "utf8"));
  return componentize(await compileC({ [file]: program }, [...REACTOR_FLAGS, ...flags]), world);
}

/** Another text that belongs to a fixture, assembled. */
export async function loadFixtureFile(name: string, file: string): Promise<Uint8Array> {
  return wat(await readFile(join(FIXTURES, name, file), "utf8"));
}

/** A preopen of the files that come with a fixture. */
export function fixturePreopen(name: string, guest: string, folder = "preopen"): { host: string; guest: string } {
  return { host: join(FIXTURES, name, folder), guest };
}
