import { createHash } from "node:crypto";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { WHOLE_FILE_LIMIT } from "../../../../src/host/wasi/filesystem/host-layer.js";
import { makeHost, scratch } from "../support.js";

const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");

function openIn(host: string) {
  const { imports, filesRead } = makeHost({ preopens: [{ host, guest: "/data" }] });
  const [[root] = []] = imports["wasi:filesystem/preopens"].getDirectories();
  if (root === undefined) throw new Error("no preopen");
  return { filesRead, open: (path: string) => root.openAt({ symlinkFollow: true }, path, {}, { read: true }) };
}

test("files that the guest reads are listed once, in its order, whole, by their own names", () => {
  const host = scratch();
  mkdirSync(join(host, "sub"));
  writeFileSync(join(host, "sub", "a.txt"), "alpha");
  writeFileSync(join(host, "b.txt"), "beta");
  writeFileSync(join(host, "unread.txt"), "gamma");
  symlinkSync("sub/a.txt", join(host, "link"));
  const { filesRead, open } = openIn(host);
  open("unread.txt").stat();
  open("link").read(1n, 3n);
  open("b.txt").readViaStream(0n).blockingRead(10n);
  open("sub/a.txt").read(10n, 0n);
  expect(filesRead).toEqual([
    { path: "/data/sub/a.txt", sha256: sha256("alpha"), bytes: 5 },
    { path: "/data/b.txt", sha256: sha256("beta"), bytes: 4 },
  ]);
});

test("a file that is too large to be kept is digested piece by piece", () => {
  const host = scratch();
  const size = WHOLE_FILE_LIMIT + 3;
  writeFileSync(join(host, "large"), "start");
  truncateSync(join(host, "large"), size);
  const { filesRead, open } = openIn(host);
  expect(open("large").read(5n, 0n)[0]).toEqual(new TextEncoder().encode("start"));
  const content = Buffer.alloc(size);
  content.write("start");
  expect(filesRead).toEqual([{ path: "/data/large", sha256: sha256(content), bytes: size }]);
});
