import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  inMemory,
  LibrarySource,
  type LibrarySourceOptions,
  runtimePath,
  searchHost,
} from "../../src/loader/source.js";
import { directoryOf } from "../support/dlopen.js";

const bytesOf = (text: string) => new TextEncoder().encode(text);

function sourceOf(options: Partial<LibrarySourceOptions> & { files?: readonly string[] }): LibrarySource {
  const { files = [], ...rest } = options;
  const findFile = (path: string) => (files.includes(path) ? inMemory(path, bytesOf(path)) : undefined);
  return new LibrarySource({ declared: {}, findFile, search: () => undefined, directories: [], ...rest });
}

function found(source: LibrarySource, name: string, directories: readonly string[] = []): string | undefined {
  const file = source.find(name, directories);
  return file && `${file.name} ${file.path} ${new TextDecoder().decode(file.read())}`;
}

describe("where a library is looked for", () => {
  test("what is declared comes first, and has no path", () => {
    const source = sourceOf({ declared: { "/lib/a.so": bytesOf("declared") }, files: ["/lib/a.so"] });
    expect(found(source, "/lib/a.so")).toBe("/lib/a.so undefined declared");
  });

  test("what all objects have is not declared", () => {
    expect(found(sourceOf({}), "constructor")).toBeUndefined();
    expect(found(sourceOf({}), "__proto__")).toBeUndefined();
  });

  test("a name with a directory is a path from the root", () => {
    const source = sourceOf({ files: ["/lib/a.so"] });
    expect(found(source, "lib/../lib//a.so")).toBe("a.so /lib/a.so /lib/a.so");
    expect(found(source, "../../lib/a.so")).toBe("a.so /lib/a.so /lib/a.so");
    expect(found(source, "a.so")).toBeUndefined();
  });

  test("a plain name: the runtime path, then LD_LIBRARY_PATH, then the host's", () => {
    const search = () => inMemory("", bytesOf("host"));
    const files = ["/run/a.so", "/env/a.so", "/env/b.so"];
    const source = sourceOf({ files, directories: ["/env"], search });
    expect(found(source, "a.so", ["/none", "/run"])).toBe("a.so /run/a.so /run/a.so");
    expect(found(source, "b.so", ["/run"])).toBe("b.so /env/b.so /env/b.so");
    expect(found(source, "c.so", ["/run"])).toBe("c.so undefined host");
  });
});

test("the host's directories are searched for plain files by plain names", () => {
  const directory = directoryOf({ "a.so": "here", secret: "no library of anyone's" });
  const inside = join(directory, "inside");
  mkdirSync(join(inside, "directory.so"), { recursive: true });
  writeFileSync(join(inside, "b.so"), "there");
  const search = (name: string) => {
    const file = searchHost(name, [inside, directory]);
    return file && `${file.size} ${new TextDecoder().decode(file.read())}`;
  };
  expect([search("a.so"), search("b.so")]).toEqual(["4 here", "5 there"]);
  for (const name of ["", ".", "..", "../secret", "inside/b.so", "directory.so", "none.so", "a\0", "x".repeat(5000)]) {
    expect([name, search(name)]).toEqual([name, undefined]);
  }
});

test("$ORIGIN is where the library is, with whatever is special to JavaScript in it", () => {
  const paths = ["$ORIGIN:$" + "{ORIGIN}/sub", "$ORIGINAL/a:relative:/abs"];
  expect(runtimePath(paths, "/dir/$&/a.so")).toEqual(["/dir/$&", "/dir/$&/sub", "/abs"]);
  expect(runtimePath(paths, undefined)).toEqual(["/abs"]);
});
