import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll } from "vitest";

/** The ports of servers on 127.0.0.1, in `loopback-servers.mjs`. */
export interface Loopback {
  readonly http: number;
  /** The same by HTTPS, with `loopback-certificate.pem`. */
  readonly https: number;
  /** Sends back what it gets. */
  readonly echo: number;
  /** Accepts connections and says nothing. */
  readonly silent: number;
  /** Sends back what it gets with a `!`. */
  readonly udp: number;
  /** Where no one listens. */
  readonly closed: number;
}

export const CERTIFICATE = fileURLToPath(new URL("loopback-certificate.pem", import.meta.url));

/** Servers for the tests of a file. */
export function useLoopback(): Loopback {
  const ports = {} as { -readonly [K in keyof Loopback]: number };
  const worker = new Worker(new URL("loopback-servers.mjs", import.meta.url));
  beforeAll(async () => {
    const started = new Promise<Loopback>((resolve, reject) => worker.once("message", resolve).once("error", reject));
    Object.assign(ports, await started, { closed: await unusedPort() });
  });
  afterAll(() => worker.terminate());
  return ports;
}

async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
