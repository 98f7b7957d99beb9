import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Header } from "tar";
import { describe, test } from "vitest";
import { loadArchives } from "../../src/wasi/filesystem/archive/load.js";
import { listNames, mountRoots, open } from "../wasi/filesystem/support.js";
import { scratch } from "../wasi/support.js";
import { expectLinear, growthOn } from "./growth.js";

interface Entry {
  readonly path: string;
  readonly type?: "File" | "Link" | "SymbolicLink" | "Directory";
  readonly linkpath?: string;
}

/** An archive of empty files, links and directories. */
function tarOf(entries: readonly Entry[]): string {
  const blocks = entries.map(({ path, type = "File", linkpath = "" }) => {
    const block = Buffer.alloc(512);
    new Header({ path, type, size: 0, mode: 0o644, mtime: new Date(0), linkpath }).encode(block);
    return block;
  });
  const archive = join(scratch(), "a.tar");
  writeFileSync(archive, Buffer.concat([...blocks, Buffer.alloc(1024)]));
  return archive;
}

const KINDS: Readonly<Record<string, (i: number) => Entry>> = {
  "files in one directory": (i) => ({ path: `f${i}` }),
  "files in directories of their own": (i) => ({ path: `d${i}/e/f` }),
  "files in deep directories": (i) => ({ path: `${"d/".repeat(i % 40)}f${i}` }),
  directories: (i) => ({ path: `d${i}/`, type: "Directory" }),
  "entries of one name": () => ({ path: "f" }),
  "links to one file": (i) => (i === 0 ? { path: "f0" } : { path: `f${i}`, type: "Link", linkpath: "f0" }),
  "links to links": (i) => (i === 0 ? { path: "f0" } : { path: `f${i}`, type: "Link", linkpath: `f${i - 1}` }),
  "symbolic links": (i) => ({ path: `f${i}`, type: "SymbolicLink", linkpath: `f${i + 1}` }),
};

describe("an archive takes work that is linear in its", () => {
  test.each(Object.entries(KINDS))("%s", async (what, entry) => {
    const make = (n: number) => tarOf(Array.from({ length: n }, (_, i) => entry(i)));
    const look = async (archive: string) => {
      const { root } = mountRoots(await loadArchives([{ archive }]));
      for (const name of listNames(root)) {
        if (/^d/.test(name)) listNames(open(root, name));
        else root.statAt({}, name);
      }
    };
    expectLinear(what, await growthOn(130, make, look));
  });
});
