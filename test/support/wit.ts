import { readFileSync } from "node:fs";

/** jco does not export its WIT. */
const PACKAGES = new URL("../../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.3.0/", import.meta.url);

/** A world's text, with the packages of WASI 0.3.0 if it uses them. */
export function withWasi03(world: string): string {
  if (!/\bwasi:\S+@0\.3\.0/.test(world)) return world;
  return [world, ...["cli", "clocks", "filesystem", "random", "sockets", "http"].map(nestedPackage)].join("\n");
}

function nestedPackage(name: string): string {
  const text = readFileSync(new URL(`wasi-${name}/package.wit`, PACKAGES), "utf8");
  return `${text.replace(/^package ([^;]*);/m, "package $1 {")}\n}\n`;
}
