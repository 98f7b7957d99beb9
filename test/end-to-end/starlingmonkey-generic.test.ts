import { createHash } from "node:crypto";
import { readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, describe, expect, test } from "vitest";
import { preinitialize, type Report } from "../../src/index.js";
import { ROOT } from "../support/paths.js";
import { refusal } from "../support/refusal.js";
import { directoriesOf } from "../support/session.js";
import {
  componentInit,
  Directories,
  type LiveInstance,
  type LoadedComponent,
  loadInV8,
  loadRuntime,
  runtimeOptions,
  type Sources,
  serve,
  wasiHost,
} from "../support/starlingmonkey.js";
import { ask, type HttpAnswer, type HttpRequest, httpImports } from "../support/starlingmonkey-http.js";
import { hasWasmtime, wasmtimeSession } from "../support/wasmtime.js";
import { validate, wit } from "../support/wat.js";

const directories = new Directories();
afterAll(() => directories.remove());

const LIBRARY: Sources = {
  "index.js": `
    import { answer } from "./lib/router.js";
    addEventListener("fetch", (event) => event.respondWith(answer(event.request)));
    console.log("library ready");
  `,
  "lib/router.js": `
    import * as books from "./books.js";
    import { early, later } from "./clock.js";
    const routes = new Map([
      [/^\\/books\\/(?<id>\\d+)$/, ({ id }) => books.byId(Number(id))],
      [/^\\/authors\\/(?<name>[%\\w]+)$/, ({ name }) => books.byAuthor(decodeURIComponent(name))],
      [/^\\/early$/, () => early],
      [/^\\/later$/, later],
      [/^\\/requests$/, () => ++count],
    ]);
    let count = 0;
    export async function answer(request) {
      const url = new URL(request.url);
      if (request.method === "POST" && url.pathname === "/echo") {
        const body = await request.text();
        return new Response(body.toUpperCase(), { status: 201, headers: { "x-length": String(body.length), "x-agent": request.headers.get("x-agent") ?? "none" } });
      }
      for (const [pattern, handle] of routes) {
        const match = pattern.exec(url.pathname);
        const found = match && (await handle(match.groups ?? {}, url.searchParams));
        if (found) return new Response(JSON.stringify(found), { headers: { "content-type": "application/json" } });
      }
      return new Response("nothing at " + url.pathname + "\\n", { status: 404 });
    }
  `,
  "lib/books.js": `
    import { Book } from "./model/book.js";
    const authors = ["Ada", "Émile", "Søren", "Zoë"];
    const books = Array.from({ length: 30_000 }, (_, id) => new Book(id, authors[(id * 7) % 4], 1500 + ((id * 31) % 520)));
    const byAuthors = Map.groupBy(books, (book) => book.author);
    const checks = Float64Array.from(books, (book) => Math.sqrt(book.year));
    export const byId = (id) => books[id] && { ...books[id], label: books[id].label, check: checks[id] };
    export const byAuthor = (name) => ({ name, count: byAuthors.get(name)?.length ?? 0, first: byAuthors.get(name)?.[0]?.label });
  `,
  "lib/model/book.js": `
    export class Book {
      #shelf;
      constructor(id, author, year) { this.id = id; this.author = author; this.year = year; this.#shelf = id % 13; }
      get label() { return this.author + " " + this.year + "/" + this.#shelf; }
    }
  `,
  "lib/clock.js": `
    const drawn = [Math.random(), Math.random()];
    export const early = { now: Date.now(), drawn, bytes: [...crypto.getRandomValues(new Uint8Array(4))], zone: new Date().getTimezoneOffset() };
    export async function later() {
      console.log("asked");
      console.error("asked, to stderr");
      const order = [];
      await Promise.all([40, 5, 20].map((ms) => new Promise((resolve) => setTimeout(() => { order.push(ms); resolve(); }, ms))));
      return { now: Date.now(), drawn: [Math.random(), Math.random()], bytes: [...crypto.getRandomValues(new Uint8Array(8))], order };
    }
  `,
  "unused.js": "this would not even parse",
};

const WORDS: Sources = {
  "index.js": `
    import words from "./words.js";
    const index = words.reduce((found, word) => ((found[word.length] ??= []).push(word), found), Object.create(null));
    const upper = await Promise.all(words.map(async (word) => word.toUpperCase()));
    addEventListener("fetch", (event) => {
      const length = Number(new URL(event.request.url).searchParams.get("length"));
      event.respondWith(new Response([index[length]?.join(" "), upper[length]].join("\\n")));
    });
  `,
  "words.js": 'export default "the quick brown fox jumps over the lazy dog".split(" ");',
};

interface Served {
  readonly runtime: Uint8Array;
  readonly sources: Sources;
  readonly output: Uint8Array;
  readonly report: Report;
  readonly loaded: LoadedComponent;
}

/** Made once, however many tests use it. */
function initialized(sources: Sources): () => Promise<Served> {
  let made: Promise<Served> | undefined;
  const make = async () => {
    const runtime = await loadRuntime();
    const { component, report } = await preinitialize(runtime, runtimeOptions(await directories.withFiles(sources)));
    return { runtime, sources, output: component, report, loaded: await loadInV8(component) };
  };
  return () => (made ??= make());
}

/** The first answer of a new instance that has no preopen, no arguments, no environment and an empty stdin. */
async function firstAnswer({ loaded }: Served, request: HttpRequest): Promise<HttpAnswer> {
  return ask(await loaded.instantiate({ ...wasiHost().imports, ...httpImports }), request);
}

const library = initialized(LIBRARY);
const words = initialized(WORDS);

const REQUESTS: readonly (readonly [HttpRequest, Partial<HttpAnswer>])[] = [
  [
    { path: "/books/29999" },
    {
      status: 200,
      body: JSON.stringify({ id: 29_999, author: "Émile", year: 1709, label: "Émile 1709/8", check: Math.sqrt(1709) }),
    },
  ],
  [{ path: "/books/30000" }, { status: 404, body: "nothing at /books/30000\n" }],
  [{ path: "/authors/S%C3%B8ren" }, { body: JSON.stringify({ name: "Søren", count: 7500, first: "Søren 1562/2" }) }],
  [
    { path: "/echo", method: "POST", body: "grüße\n", headers: { "x-agent": "test" } },
    { status: 201, body: "GRÜSSE\n", headers: expect.objectContaining({ "x-length": "6", "x-agent": "test" }) },
  ],
  [{ path: "/requests" }, { body: "1" }],
];

describe("the generic runtime", () => {
  test("gives a valid component that exports the handler alone and imports as before", async () => {
    const { runtime, output, report } = await library();
    await validate(output);
    const lines = (text: string) => text.split("\n").filter((line) => !line.includes("export wasi:cli/run"));
    expect(lines(await wit(output))).toEqual(lines(await wit(runtime)));
    expect(await wit(output)).not.toContain("wasi:cli/run");
    expect(report).toMatchObject({ init: "wasi:cli/run@0.2.10#run", stdout: "library ready\n", warnings: [] });
  });

  test.each(REQUESTS)("answers its first request in V8: $path", async (request, answer) => {
    expect(await firstAnswer(await library(), request)).toMatchObject(answer);
  });

  test("holds another application as well", async () => {
    const answer = await firstAnswer(await words(), { path: "/?length=5" });
    expect(answer).toMatchObject({ status: 200, body: "quick brown jumps\nOVER" });
  });

  test("answers as after initialization at run time, also with what it drew then", async () => {
    const { runtime, sources } = await library();
    const { args, preopens } = runtimeOptions(await directories.withFiles(sources));
    const original = await loadInV8(runtime);
    for (const request of [...REQUESTS.map(([one]) => one), { path: "/early" }]) {
      const wasi = { args: args ?? [], preopens: directoriesOf(preopens) };
      const live = await original.instantiate({ ...wasiHost(wasi).imports, ...httpImports });
      await runMain(live);
      expect(await firstAnswer(await library(), request)).toEqual(await ask(live, request));
    }
  });

  test("draws and logs afresh at run time", async () => {
    const run = async (seed: bigint) => {
      const host = wasiHost({}, { seed, wallStart: 1_000_000_000_000_000_000n });
      const live = await (await library()).loaded.instantiate({ ...host.imports, ...httpImports });
      const { body } = await ask(live, { path: "/later" });
      expect(host.printed()).toEqual({ stdout: "asked\n", stderr: "asked, to stderr\n" });
      return JSON.parse(body) as { now: number; drawn: number[]; bytes: number[]; order: number[] };
    };
    const [first, other] = [await run(1n), await run(2n)];
    expect(first.order).toEqual([5, 20, 40]);
    expect(first.now).toBeGreaterThanOrEqual(1e12 + 40);
    expect(first.now).toBeLessThan(1e12 + 10_000);
    expect(other.drawn).not.toEqual(first.drawn);
    expect(other.bytes).not.toEqual(first.bytes);
  });

  test.runIf(hasWasmtime)("comes to life in Wasmtime", async () => {
    expect(await wasmtimeSession((await words()).output, { calls: [] })).toEqual({
      outcomes: [],
      stdout: "",
      stderr: "",
    });
  });

  test("answers over HTTP", async () => {
    const { output } = await library();
    const directory = await directories.withFiles({});
    const path = join(directory, "library.wasm");
    await writeFile(path, output);
    const server = await serve(path);
    try {
      for (const [{ path, ...request }, answer] of REQUESTS) {
        const response = await fetch(server.url + path, request);
        expect(response.status).toBe(answer.status ?? 200);
        expect(await response.text()).toBe(answer.body);
      }
      const [first, other] = await Promise.all([1, 2].map(() => fetch(`${server.url}/later`).then((r) => r.json())));
      expect(first.order).toEqual([5, 20, 40]);
      expect(Math.abs(first.now - Date.now())).toBeLessThan(10_000);
      expect(other.drawn).not.toEqual(first.drawn);
    } finally {
      await server.close();
    }
  });
});

async function runMain({ exports }: LiveInstance): Promise<void> {
  await (exports.run as { run(): unknown }).run();
}

describe("an application that fails", () => {
  const APPS: [string, Sources, string[]][] = [
    ["does not parse", { "index.js": "const a = ;" }, ["index.js:1:11 SyntaxError: expected expression, got ';'"]],
    [
      "imports a module that is not there",
      { "index.js": 'import "./lib/a.js";', "lib/a.js": 'import "./nowhere.js";' },
      ['ReferenceError: Error loading module "./nowhere.js"', "No such file or directory"],
    ],
    ["is not there", { "other.js": "" }, ['Error loading module "index.js"']],
    [
      "imports what a module does not export",
      { "index.js": 'import { x } from "./b.js"; x();', "b.js": "export const y = 1;" },
      ["doesn't provide an export named: 'x'"],
    ],
    [
      "throws",
      { "index.js": 'console.log("so far");\nfunction deep() { throw new Error("kaput"); }\ndeep();' },
      ["guest stdout:", "so far", "guest stderr:", "index.js:2:25 Error: kaput", "deep@index.js:2:25"],
    ],
    ["throws in a module", { "index.js": 'import "./b.js";', "b.js": "null.x;" }, ["b.js:1:1 TypeError"]],
    ["throws after an await", { "index.js": 'await 0; throw new Error("late");' }, ["Error: late"]],
    ["recurses without end", { "index.js": "function f() { return 1 + f(); } f();" }, ["f@index.js:1:27"]],
  ];

  test.each(APPS)("because it %s is refused with what the guest said", async (_what, sources, says) => {
    const options = runtimeOptions(await directories.withFiles(sources));
    const error = await refusal(await loadRuntime(), options, "init-exited");
    expect(error.message).toBe("wasi:cli/run@0.2.10#run exited with code 1");
    for (const text of says) expect(error.details.join("\n")).toContain(text);
  });

  test("because it leaves a timer running is refused", async () => {
    const sources = { "index.js": "setTimeout(() => {}, 1000);" };
    const options = runtimeOptions(await directories.withFiles(sources));
    const error = await refusal(await loadRuntime(), options, "live-handles");
    expect(error.message).toContain("monotonic-clock#subscribe");
  });

  test("because it sends a request is refused", async () => {
    const options = runtimeOptions(await directories.withFiles({ "index.js": 'await fetch("http://localhost/");' }));
    const error = await refusal(await loadRuntime(), options, "not-granted");
    expect(error.message).toContain("wasi:http/types");
  });
});

describe("the output is the same", () => {
  const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

  test("ten times, from directories that were made in another order and at another time", async () => {
    const [runtime, entries] = [await loadRuntime(), Object.entries(WORDS)];
    const hashes = new Set<string>();
    for (let i = 0; i < 10; i++) {
      const sources = Object.fromEntries(i % 2 === 0 ? entries : entries.toReversed());
      const directory = await directories.withFiles(sources);
      for (const name of await readdir(directory)) await utimes(join(directory, name), i * 1e8, i * 1e8);
      const { component } = await preinitialize(runtime, runtimeOptions(directory));
      hashes.add(hashOf(component));
    }
    expect(hashes.size).toBe(1);
  });

  test("from the command line in another directory, time zone, locale and account", async () => {
    const work = await directories.withFiles({});
    const runtime = join(work, "starling.wasm");
    await writeFile(runtime, await loadRuntime());
    const run = async (name: string, sources: Sources, cwd: string, env: Record<string, string>) => {
      const [app, output] = [await directories.withFiles(sources), join(work, `${name}.wasm`)];
      const args = [
        "run",
        runtime,
        "-o",
        output,
        "--dir",
        `${app}::/`,
        "-f",
        "wasi:cli/run",
        "--",
        "starling",
        "index.js",
      ];
      await execa(process.execPath, [componentInit, ...args], { cwd, env });
      return hashOf(await readFile(output));
    };
    const here = await run("here", LIBRARY, ROOT, { TZ: "UTC", LC_ALL: "C" });
    const copy = Object.fromEntries(Object.entries({ "more.txt": "", ...LIBRARY }).toReversed());
    const there = await run("there", copy, "/", {
      TZ: "Pacific/Kiritimati",
      LANG: "tr_TR.UTF-8",
      LC_ALL: "tr_TR.UTF-8",
      USER: "someone",
      HOME: work,
      XDG_CACHE_HOME: join(work, "cache"),
    });
    expect(there).toBe(here);
  });
});
