import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, describe, expect, test } from "vitest";
import { preinitialize, type Report } from "../../src/index.js";
import { CERTIFICATE, useLoopback } from "../support/loopback.js";
import { refusal } from "../support/refusal.js";
import {
  type BoundWorld,
  bindWorld,
  boundOptions,
  callInV8,
  componentInit,
  Directories,
  loadInV8,
  wasiHost,
} from "../support/starlingmonkey.js";

const directories = new Directories();
afterAll(() => directories.remove());

const loopback = useLoopback();

const WIT = `
package test:fetching@0.1.0;
world app {
  export load: func(url: string) -> result<string, string>;
  export post: func(url: string, size: u32) -> result<string, string>;
  export value: func() -> string;
}`;

const APP = `
let config = { value: "none" };
const answer = async (work) => {
  try { return await work(); } catch (error) { throw String(error); }
};
export const load = (url) => answer(async () => {
  const response = await fetch(url);
  config = await response.json();
  return response.status + " " + response.headers.get("content-type");
});
export const post = (url, size) => answer(async () => {
  const response = await fetch(url, { method: "POST", body: new Uint8Array(size).fill(7), headers: { "x-kind": "big" } });
  const bytes = new Uint8Array(await response.arrayBuffer());
  config = { value: bytes.length + ":" + bytes.reduce((sum, byte) => sum + byte, 0) };
  return String(response.status);
});
export const value = () => config.value;
`;

/** The application, loaded but not yet called: what its users initialize with a call. */
async function loaded(): Promise<Uint8Array> {
  const bound: BoundWorld = await bindWorld(WIT, "app");
  const directory = await directories.withFiles({ "app.js": APP, "initializer.js": bound.initializer });
  return (await preinitialize(bound.component, boundOptions(bound, directory))).component;
}

/** What the output says without any network. */
async function valueIn(component: Uint8Array): Promise<unknown> {
  const live = await (await loadInV8(component)).instantiate(wasiHost().imports);
  return (await callInV8(live, [{ export: "value" }]))[0];
}

const to = (path: string) => `http://127.0.0.1:${loopback.http}${path}`;

describe("a StarlingMonkey application that fetches its configuration", () => {
  /** The engine leaves its responses to a garbage collection that never comes. */
  const fetching = (initFunc: string) =>
    ({ initFunc, network: [`127.0.0.1:${loopback.http}`], handles: "allow" }) as const;

  test("has it in the output, which needs no network", async () => {
    const url = to("/config.json?key=secret");
    const { component, report } = await preinitialize(await loaded(), fetching(`load("${url}")`));
    expect(await valueIn(component)).toEqual({ ok: "from the build" });
    expect(report.host.network).toEqual([{ kind: "http", to: to("/config.json"), method: "GET", status: 200 }]);
    expect(report.warnings).toEqual([
      `initialization used the network (${to("/config.json")}): the output depends on what it found there`,
    ]);
  });

  test("sends and gets megabytes", async () => {
    const { component } = await preinitialize(await loaded(), fetching(`post("${to("/echo")}", 5000000)`));
    expect(await valueIn(component)).toEqual({ ok: "5000000:35000000" });
  });

  test("fetches by HTTPS, from the command line", async () => {
    const directory = await directories.withFiles({});
    const [input, output] = [join(directory, "app.wasm"), join(directory, "out.wasm")];
    await writeFile(input, await loaded());
    const url = `https://localhost:${loopback.https}/config.json`;
    const args = ["run", input, "-o", output, "-f", `load("${url}")`, "--handles", "allow", "--json"];
    const network = ["--allow-network", `localhost:${loopback.https}`];
    const env = { NODE_EXTRA_CA_CERTS: CERTIFICATE };
    const { stdout } = await execa(process.execPath, [componentInit, ...args, ...network], { env });
    expect((JSON.parse(stdout) as Report).host.network).toEqual([
      { kind: "http", to: url, method: "GET", status: 200 },
    ]);
    expect(await valueIn(await readFile(output))).toEqual({ ok: "from the build" });
  });

  test("is told that the handles it holds would mean nothing", async () => {
    const options = { ...fetching(`load("${to("/config.json")}")`), handles: "error" } as const;
    const error = await refusal(await loaded(), options, "live-handles");
    expect(error.message).toContain(`future-incoming-response (GET ${to("/config.json")})`);
  });

  test.each([
    ["refused", () => `http://127.0.0.1:${loopback.closed}/`],
    ["not allowed", () => `http://127.0.0.1:${loopback.silent}/data`],
  ])("fails where it is %s", async (what, url) => {
    const network = [`127.0.0.1:${loopback.closed}`];
    const options = { ...fetching(`load("${url()}")`), network };
    const error = await refusal(await loaded(), options, "init-failed");
    const refused = ["the network refused, because --allow-network does not name them:", `  http ${url()}`];
    expect(error.details).toEqual(what === "refused" ? [] : refused);
  });

  test("gets the same bytes from the same answers", async () => {
    const application = await loaded();
    const run = async () => (await preinitialize(application, fetching(`load("${to("/config.json")}")`))).component;
    expect(Buffer.compare(await run(), await run())).toBe(0);
  });
});
