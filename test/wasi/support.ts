import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { createCli } from "../../src/wasi/cli.js";
import type { createMonotonicClock, createTimezone, createWallClock } from "../../src/wasi/clocks.js";
import type { createFilesystem } from "../../src/wasi/filesystem/filesystem.js";
import { createWasi, type WasiOptions } from "../../src/wasi/index.js";
import type { IoError } from "../../src/wasi/io-error.js";
import type { createPoll } from "../../src/wasi/poll.js";
import type { createInsecureRandom, createInsecureSeed, createRandom } from "../../src/wasi/random.js";
import type { InputStream, OutputStream } from "../../src/wasi/streams.js";

/** The imports with the types that they have before they become an untyped imports object. */
export type Imports = ReturnType<typeof createCli> &
  ReturnType<typeof createFilesystem>["imports"] & {
    "wasi:clocks/monotonic-clock": ReturnType<typeof createMonotonicClock>;
    "wasi:clocks/wall-clock": ReturnType<typeof createWallClock>;
    "wasi:clocks/timezone": ReturnType<typeof createTimezone>;
    "wasi:io/error": { Error: typeof IoError };
    "wasi:io/poll": ReturnType<typeof createPoll>;
    "wasi:io/streams": { InputStream: typeof InputStream; OutputStream: typeof OutputStream };
    "wasi:random/random": ReturnType<typeof createRandom>;
    "wasi:random/insecure": ReturnType<typeof createInsecureRandom>;
    "wasi:random/insecure-seed": ReturnType<typeof createInsecureSeed>;
  };

export function makeHost(options: Partial<WasiOptions> = {}) {
  const output = { stdout: "", stderr: "" };
  const host = createWasi({
    args: [],
    env: {},
    stdin: new Uint8Array(),
    preopens: [],
    onOutput: (stream, bytes) => {
      output[stream] += text(bytes);
    },
    ...options,
  });
  return { ...host, imports: host.imports as unknown as Imports, output };
}

/** What a call throws, whatever it is: the error cases of WASI are thrown as bare values. */
export function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("the call was expected to throw");
}

/** A directory of the test's own, by its real path. */
export function scratch(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "component-init-wasi-")));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

export function bytes(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

export const U64_MAX = 2n ** 64n - 1n;
