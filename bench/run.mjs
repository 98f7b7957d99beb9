// @ts-check
// Side-by-side measurements: component-init and the wizer binary that componentize-js runs.
//
//   node run.mjs [--runs N] [--only LIST] [--label TEXT] [--no-save]
//
//   --runs N      how often each tool runs on each input (5); the tools alternate, the table shows medians
//   --only LIST   of: startup,generic,bound,options,abi,link,dlopen,dense-64m,sparse-64m,sparse-1g,half-1g,first-call (default: all)
//   --wasmtime P  a Python with the package wasmtime, for first calls there (.cache/wasmtime-venv/bin/python)
//   --label TEXT  the second half of the name of the results file (default: the commit)
//   --no-save     print only
//
// Nothing else should run on the machine. What is measured and how: README.md.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { cpus, platform, release, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { componentInit, repository, serve, toComponent, transpile, write } from "../examples/starlingmonkey/lib.mjs";
import { boundInput, cInput, filledInputs, genericInput, linkedLibraries, OPENED, openedLibraries } from "./inputs.mjs";
import { environment, measure, runTool } from "./tools.mjs";

const { values: options } = parseArgs({
  allowNegative: true,
  options: {
    runs: { type: "string", default: "5" },
    only: {
      type: "string",
      default: "startup,generic,bound,options,abi,link,dlopen,dense-64m,sparse-64m,sparse-1g,half-1g,first-call",
    },
    wasmtime: { type: "string", default: join(repository, ".cache", "wasmtime-venv", "bin", "python") },
    label: { type: "string" },
    save: { type: "boolean", default: true },
  },
});
const runs = Number(options.runs);
const chosen = options.only.split(",");

/** @type {import('./tools.mjs').Tool[]} */
const tools = existsSync(componentInit) ? ["wizer", "component-init"] : ["wizer"];
if (tools.length === 1) console.error(`no ${componentInit} (npm run build): measuring wizer alone`);

const cache = fileURLToPath(new URL(".cache/", import.meta.url));
const inputDirectory = join(cache, "inputs");
await mkdir(inputDirectory, { recursive: true });
const work = await mkdtemp(join(cache, "run-"));

/** @typedef {import('./tools.mjs').Measurement} Measurement */
/** @typedef {{ input: string, tool: string, cache: string, runs: Measurement[], median: Measurement }} Row */
/** @typedef {{ target: string, value: number, limit: number, unit: string, met: boolean }} Verdict */
/** @typedef {{ component: string, firstMs: number, nextMs: number }} FirstCall */

/** @type {Row[]} */
const rows = [];
/** @type {Verdict[]} */
const verdicts = [];
/** @type {{ what: string, value: number, unit: string }[]} */
const figures = [];
/** @type {FirstCall[]} */
const firstCalls = [];
/** @type {string[]} */
const errors = [];

/** @param {number[]} numbers */
function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/**
 * The median of each number on its own.
 * @param {Measurement[]} all
 * @returns {Measurement}
 */
function medians(all) {
  /** @param {(m: any) => number | undefined} field */
  const of = (field) => median(all.flatMap((m) => field(m) ?? []));
  const first = all[0];
  /** @type {Measurement} */
  const result = {
    wallMs: of((m) => m.wallMs),
    cpuMs: of((m) => m.cpuMs),
    peakKiB: of((m) => m.peakKiB),
    maxRssKiB: of((m) => m.maxRssKiB),
    processes: of((m) => m.processes),
  };
  if (first?.bytes !== undefined) result.bytes = of((m) => m.bytes);
  if (first?.phases) {
    const names = Object.keys(first.phases);
    result.phases = Object.fromEntries(names.map((name) => [name, of((m) => m.phases[name])]));
  }
  return result;
}

/** @param {string} input @param {string} tool @param {string} cached @param {Measurement[]} all */
function addRow(input, tool, cached, all) {
  if (all.length > 0) rows.push({ input, tool, cache: cached, runs: all, median: medians(all) });
}

/** @param {string} input @param {string} tool @param {string} cached */
const medianOf = (input, tool, cached) =>
  rows.find((row) => row.input === input && row.tool === tool && row.cache === cached)?.median;

/** @param {string} target @param {number | undefined} value @param {number} limit @param {string} unit */
function verdict(target, value, limit, unit) {
  if (value !== undefined && !Number.isNaN(value)) verdicts.push({ target, value, limit, unit, met: value <= limit });
}

/** @param {string} input @param {string} tool */
const outputPath = (input, tool) => join(work, `${input.replace(/[^\w.]+/g, "-")}.${tool}.wasm`);

/**
 * Every tool on one input, in turns.
 * @param {import('./inputs.mjs').Input} input
 * @param {boolean[]} states which states of the cache to measure: cold?
 */
async function compare(input, states) {
  /** @type {Map<string, Measurement[]>} */
  const measured = new Map();
  /** @type {Set<string>} */
  const failed = new Set();
  for (let run = -1; run < runs; run++) {
    for (const tool of tools) {
      for (const cold of run < 0 ? [false] : states) {
        if (failed.has(tool)) continue;
        console.error(
          `${input.name}: ${tool}, ${run < 0 ? "filling its cache" : `${cold ? "cold" : "warm"} ${run + 1}`}`,
        );
        try {
          const m = await runTool(work, tool, input, cold, outputPath(input.name, tool));
          if (run < 0) continue;
          const key = `${tool}/${cold ? "cold" : "warm"}`;
          measured.set(key, [...(measured.get(key) ?? []), m]);
        } catch (error) {
          failed.add(tool);
          errors.push(`${input.name}: ${error instanceof Error ? error.message : error}`);
          console.error(errors.at(-1));
        }
      }
    }
  }
  for (const [key, all] of measured) {
    const [tool = "", cached = ""] = key.split("/");
    addRow(input.name, tool, cached, all);
  }
}

/** What options cost and save, with a warm cache. */
async function compareOptions() {
  for (const make of [genericInput, boundInput, cInput]) {
    const input = await make(inputDirectory);
    /** @type {Map<string, Measurement[]>} */
    const measured = new Map(["", " --gc", " --verify"].map((option) => [option, []]));
    for (let run = -1; run < runs; run++) {
      for (const [option, all] of measured) {
        console.error(`${input.name}: component-init${option}, ${run < 0 ? "filling its cache" : run + 1}`);
        const args = [...input.args, ...option.split(" ").filter(Boolean)];
        const path = outputPath(input.name, `component-init${option.replace(" ", "")}`);
        const m = await runTool(work, "component-init", { ...input, args }, false, path);
        if (run >= 0) all.push(m);
      }
    }
    for (const [option, all] of measured) addRow(`${input.name}, options`, `component-init${option}`, "warm", all);
  }
}

/** What calls through the canonical ABI cost, here and in jco's bindings. */
async function calling() {
  const command = [process.execPath, fileURLToPath(new URL("abi.mjs", import.meta.url)), String(runs)];
  const { stdout } = await measure(work, command, { interval: 200 });
  for (const { name, ours, jco } of JSON.parse(stdout)) {
    figures.push(
      { what: name, value: ours, unit: "µs" },
      { what: `${name}, by jco's bindings`, value: jco, unit: "µs" },
    );
    verdict(`${name}, of jco's`, ours / jco, 1, "x");
  }
}

/** A program that opens many libraries while it initializes, and the same one that opens none. */
async function opening() {
  const { program, args } = await openedLibraries(inputDirectory);
  const output = join(work, "opened.wasm");
  const command = [process.execPath, componentInit, "run", program, "-o", output, ...args, "-f"];
  /** @type {Map<number, Measurement[]>} */
  const measured = new Map([0, OPENED].map((count) => [count, []]));
  const name = "libraries opened while initializing";
  for (let run = -1; run < runs; run++) {
    for (const [count, all] of measured) {
      console.error(`${count} ${name}: ${run < 0 ? "filling the caches" : run + 1}`);
      const { stdout: _, ...m } = await measure(work, [...command, `open-all(${count})`], { env: environment(cache) });
      if (run >= 0) all.push({ ...m, bytes: (await stat(output)).size });
    }
  }
  for (const [count, all] of measured) addRow(`${count} ${name}`, "component-init", "warm", all);
  const [none, many] = [...measured.keys()].map((count) => medianOf(`${count} ${name}`, "component-init", "warm"));
  if (none && many)
    figures.push({
      what: "time for each library that is opened",
      value: (many.wallMs - none.wallMs) / OPENED,
      unit: "ms",
    });
}

/** `component-init link` of 20 MB, and reading the same files and writing as much. */
async function linking() {
  const libraries = await linkedLibraries(inputDirectory);
  const output = join(work, "linked.wasm");
  const arguments_ = [...libraries.args, "--adapt", libraries.adapter, "-o", output];
  /** @type {Record<string, string[]>} */
  const commands = {
    "component-init link": [process.execPath, componentInit, "link", ...arguments_],
    "reading and writing": [
      process.execPath,
      fileURLToPath(new URL("copy.mjs", import.meta.url)),
      output,
      ...libraries.files,
    ],
  };
  /** @type {Map<string, Measurement[]>} */
  const measured = new Map(Object.keys(commands).map((name) => [name, []]));
  for (let run = -1; run < runs; run++) {
    for (const [name, all] of measured) {
      console.error(`${libraries.name}: ${name}, ${run < 0 ? "filling the system's cache" : run + 1}`);
      const { stdout: _, ...m } = await measure(work, commands[name] ?? [], { interval: 200 });
      if (run >= 0) all.push({ ...m, bytes: (await stat(output)).size });
    }
  }
  for (const [name, all] of measured) addRow(libraries.name, name, "", all);
  const [ours, copying] = Object.keys(commands).map((name) => medianOf(libraries.name, name, ""));
  if (ours && copying)
    verdict("component-init link, beyond reading and writing", ours.wallMs - copying.wallMs, 300, "ms");
  const warm = fileURLToPath(new URL("link-warm.mjs", import.meta.url));
  const command = [process.execPath, warm, String(runs), libraries.adapter, ...libraries.args];
  const { stdout } = await measure(work, command, { interval: 200 });
  verdict("link() in a process that has linked before", median(JSON.parse(stdout)), 300, "ms");
}

/** The core modules of a component, at its top level. @param {Uint8Array<ArrayBuffer>} bytes */
function* coreModules(bytes) {
  if (bytes[6] === 0) yield bytes;
  for (let at = 8; at < bytes.length; ) {
    const id = bytes[at++];
    let size = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      const byte = bytes[at++] ?? 0;
      size += (byte & 0x7f) * 2 ** shift;
      more = byte >= 0x80;
    }
    if (id === 1) yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** A digest of the memory that an output starts with. @param {string} path */
async function memoryDigest(path) {
  for (const bytes of coreModules(await readFile(path))) {
    const module = new WebAssembly.Module(bytes);
    if (!WebAssembly.Module.exports(module).some(({ name }) => name === "memory")) continue;
    const memory = new WebAssembly.Instance(module).exports.memory;
    if (!(memory instanceof WebAssembly.Memory)) continue;
    return createHash("sha256").update(new Uint8Array(memory.buffer)).digest("hex");
  }
  throw new Error(`${path}: no memory`);
}

/** @param {import('./inputs.mjs').Input} input */
async function compareMemories(input) {
  const paths = tools.map((tool) => outputPath(input.name, tool)).filter((path) => existsSync(path));
  const digests = await Promise.all(paths.map(memoryDigest));
  if (new Set(digests).size > 1) errors.push(`${input.name}: the outputs start with different memories`);
}

async function startup() {
  const env = { PATH: process.env.PATH ?? "", HOME: work, XDG_CACHE_HOME: join(work, "cache-component-init") };
  /** @type {[string, string[]][]} */
  const commands = [["node -e 0", [process.execPath, "-e", "0"]]];
  if (tools.includes("component-init")) {
    commands.push(["component-init --help", [process.execPath, componentInit, "--help"]]);
  }
  /** @type {Map<string, Measurement[]>} */
  const measured = new Map(commands.map(([name]) => [name, []]));
  for (let run = -1; run < 2 * runs; run++) {
    for (const [name, command] of commands) {
      const { stdout: _, ...m } = await measure(work, command, { env });
      if (run >= 0) measured.get(name)?.push(m);
    }
  }
  for (const [name, all] of measured) addRow("start-up", name, "", all);
  verdict("component-init --help", medianOf("start-up", "component-init --help", "")?.wallMs, 150, "ms");
}

/** @param {string} name */
function starlingMonkeyVerdicts(name) {
  const wizer = { cold: medianOf(name, "wizer", "cold"), warm: medianOf(name, "wizer", "warm") };
  const ours = { cold: medianOf(name, "component-init", "cold"), warm: medianOf(name, "component-init", "warm") };
  if (!wizer.cold || !wizer.warm || !ours.cold || !ours.warm) return;
  verdict(`${name}: cold wall, of wizer's`, ours.cold.wallMs / wizer.cold.wallMs, 1 / 6, "x");
  verdict(`${name}: cold CPU, of wizer's`, ours.cold.cpuMs / wizer.cold.cpuMs, 1 / 8, "x");
  verdict(`${name}: warm wall, of wizer's`, ours.warm.wallMs / wizer.warm.wallMs, 1.2, "x");
  verdict(`${name}: peak memory`, Math.max(ours.cold.peakKiB, ours.warm.peakKiB) / 1024, 250, "MiB");
  verdict(`${name}: output, of wizer's`, (ours.warm.bytes ?? 0) / (wizer.warm.bytes ?? 0), 0.98, "x");
}

/**
 * A component that wizer's output makes, as componentize-js does.
 * @param {string} name
 */
async function wizerComponent(name) {
  const path = outputPath(name, "wizer").replace(/wasm$/, "component.wasm");
  await write(path, await toComponent(await readFile(outputPath(name, "wizer"))));
  return path;
}

/**
 * The first request to a server, and the median of five more: each is answered by an instance of its own.
 * @param {string} component
 * @param {string[]} serveOptions
 */
async function firstRequest(component, serveOptions = []) {
  const server = await serve(component, serveOptions);
  try {
    const request = async () => {
      const start = performance.now();
      const response = await fetch(`${server.url}/api/places/49999`);
      const { name } = /** @type {{ name: string }} */ (await response.json());
      const took = performance.now() - start;
      if (name !== "Garfenost") throw new Error(`${component}: a wrong answer: ${name}`);
      return took;
    };
    const firstMs = await request();
    /** @type {number[]} */
    const next = [];
    for (let i = 0; i < 5; i++) next.push(await request());
    return { firstMs, nextMs: median(next) };
  } finally {
    await server.close();
  }
}

/**
 * The first call of the bound component in a process of its own.
 * @param {string} component
 * @param {Record<string, string>} [init]
 * @returns {Promise<{ firstMs: number, nextMs: number }>}
 */
async function firstCall(component, init) {
  const directory = await transpile(component, `${component}.d`);
  const script = fileURLToPath(new URL("first-call.mjs", import.meta.url));
  const command = [process.execPath, script, directory, ...(init ? ["--init"] : [])];
  return await jsonOf(command, { PATH: process.env.PATH ?? "", ...init });
}

/** What a command prints. @param {string[]} command @param {Record<string, string>} [env] @returns {Promise<any>} */
function jsonOf([program = "", ...args], env) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"], env });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk) => (text += chunk));
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`${program} ${args.join(" ")}: exit status ${code}`)),
    );
  });
}

/**
 * @param {[string, () => Promise<{ firstMs: number, nextMs: number }>][]} variants
 */
async function compareCalls(variants) {
  /** @type {Map<string, { firstMs: number, nextMs: number }[]>} */
  const measured = new Map(variants.map(([name]) => [name, []]));
  for (let run = 0; run < runs; run++) {
    for (const [name, call] of variants) {
      console.error(`first call: ${name} ${run + 1}`);
      try {
        measured.get(name)?.push(await call());
      } catch (error) {
        errors.push(`first call: ${name}: ${error instanceof Error ? error.message : error}`);
        console.error(errors.at(-1));
      }
    }
  }
  for (const [component, all] of measured) {
    if (all.length === 0) continue;
    const [firstMs, nextMs] = [median(all.map((m) => m.firstMs)), median(all.map((m) => m.nextMs))];
    firstCalls.push({ component, firstMs, nextMs });
  }
}

async function latencies() {
  const generic = await genericInput(inputDirectory);
  const bound = await boundInput(inputDirectory);
  for (const input of [generic, bound]) {
    for (const tool of tools) {
      if (!existsSync(outputPath(input.name, tool))) {
        await runTool(work, tool, input, false, outputPath(input.name, tool)).catch((error) =>
          errors.push(String(error)),
        );
      }
    }
  }
  const preopen = fileURLToPath(new URL("../examples/starlingmonkey/generic/preopen.mjs", import.meta.url));
  /** @type {[string, () => Promise<{ firstMs: number, nextMs: number }>][]} */
  const variants = [
    [`${generic.name}: uninitialized: V8`, () => firstRequest(generic.component, ["--jco-import", preopen])],
  ];
  const uninitialized = join(work, "bound-uninitialized.wasm");
  await copyFile(bound.component, uninitialized);
  const { env, sources, stdin } = bound;
  const init = { BENCH_INIT: JSON.stringify({ env, sources, stdin }) };
  variants.push([`${bound.name}: uninitialized: V8`, () => firstCall(uninitialized, init)]);
  /** @type {{ name: string, input: import("./inputs.mjs").Input, component: string }[]} */
  const calls = [];
  for (const tool of tools) {
    for (const input of [generic, bound]) {
      if (!existsSync(outputPath(input.name, tool))) continue;
      const component = tool === "wizer" ? await wizerComponent(input.name) : outputPath(input.name, tool);
      const name = `${input.name}: ${tool}`;
      calls.push({ name, input, component });
      variants.push([`${name}: V8`, () => (input === generic ? firstRequest(component) : firstCall(component))]);
    }
  }
  const python = existsSync(options.wasmtime) ? options.wasmtime : undefined;
  const script = fileURLToPath(new URL("first_call_wasmtime.py", import.meta.url));
  if (python) {
    variants.push(
      ...calls.map(({ name, input, component }) => {
        const command = [python, script, component, ...(input === bound ? ["--call"] : [])];
        const what = input === bound ? "Wasmtime" : "Wasmtime, instantiation alone";
        return /** @type {(typeof variants)[0]} */ ([`${name}: ${what}`, () => jsonOf(command)]);
      }),
    );
  }
  await compareCalls(variants);
}

/** @param {number} ms */
const seconds = (ms) => (ms / 1000).toFixed(ms < 10_000 ? 3 : 2);

/** @param {string[][]} lines the first is the head; columns after the second are numbers */
function table(lines) {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  /** @param {string} text @param {number} column */
  const cell = (text, column) => (column < 2 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0));
  const [head = [], ...body] = lines.map((line) => `| ${line.map(cell).join(" | ")} |`);
  return [head, `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...body].join("\n");
}

function print() {
  const lines = [["input", "tool", "wall s", "CPU s", "peak MiB", "output bytes", "wall : wizer", "phases ms"]];
  for (const { input, tool, cache: cached, median: m } of rows) {
    const wizer = tool === "wizer" ? undefined : medianOf(input, "wizer", cached);
    lines.push([
      input,
      `${tool}${cached ? `, ${cached}` : ""}`,
      seconds(m.wallMs),
      seconds(m.cpuMs),
      (m.peakKiB / 1024).toFixed(0),
      m.bytes === undefined ? "" : String(m.bytes),
      wizer ? (m.wallMs / wizer.wallMs).toFixed(3) : "",
      Object.entries(m.phases ?? {})
        .map(([name, ms]) => `${name} ${ms.toFixed(0)}`)
        .join(", "),
    ]);
  }
  console.log(`${table(lines)}\n`);
  if (firstCalls.length > 0) {
    const calls = firstCalls
      .toSorted((a, b) => a.component.localeCompare(b.component))
      .map(({ component, firstMs, nextMs }) => [component, "", firstMs.toFixed(1), nextMs.toFixed(1)]);
    console.log(`${table([["first call", "", "first ms", "next instance ms"], ...calls])}\n`);
  }
  for (const { what, value, unit } of figures) console.log(`${what}: ${value.toFixed(2)} ${unit}\n`);
  if (verdicts.length > 0) {
    const targets = verdicts.map(({ target, value, limit, unit, met }) => [
      target,
      met ? "met" : "MISSED",
      `${value.toFixed(unit === "x" ? 3 : 0)} ${unit}`,
      `${limit.toFixed(unit === "x" ? 3 : 0)} ${unit}`,
    ]);
    console.log(`${table([["target", "verdict", "measured", "at most"], ...targets])}\n`);
  }
  for (const error of errors) console.log(`failed: ${error}`);
}

/** @param {string} name */
const versionOf = async (name) =>
  JSON.parse(await readFile(join(repository, "node_modules", name, "package.json"), "utf8")).version;

async function save() {
  const commit = spawnSync("git", ["rev-parse", "--short", "HEAD"], { cwd: repository, encoding: "utf8" });
  const label = options.label ?? (commit.stdout.trim() || "unknown");
  const date = new Date().toISOString().slice(0, 10);
  const path = fileURLToPath(new URL(`results/${date}-${label}.json`, import.meta.url));
  const machine = {
    cpu: cpus()[0]?.model.trim(),
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${platform()} ${release().split("-")[0]}`,
    node: process.version,
    v8: process.versions.v8,
  };
  const versions = {
    wizer: await versionOf("@bytecodealliance/wizer"),
    "componentize-js": await versionOf("@bytecodealliance/componentize-js"),
    "jco-transpile": await versionOf("@bytecodealliance/jco-transpile"),
  };
  const result = { date, machine, versions, runs, rows, firstCalls, figures, targets: verdicts, errors };
  // Messages of failures may hold paths.
  const text = JSON.stringify(result, null, 1).replaceAll(dirname(dirname(work)), "bench");
  await write(path, `${text.replaceAll(repository, "")}\n`);
  console.log(`written: bench/results/${date}-${label}.json`);
}

try {
  if (chosen.includes("startup")) await startup();
  for (const [name, make] of Object.entries({ generic: genericInput, bound: boundInput })) {
    if (!chosen.includes(name)) continue;
    const input = await make(inputDirectory);
    await compare(input, [true, false]);
    starlingMonkeyVerdicts(input.name);
  }
  if (tools.includes("component-init") && chosen.includes("options")) await compareOptions();
  if (tools.includes("component-init") && chosen.includes("abi")) await calling();
  if (tools.includes("component-init") && chosen.includes("link")) await linking();
  if (tools.includes("component-init") && chosen.includes("dlopen")) await opening();
  for (const [name, make] of Object.entries(filledInputs(inputDirectory))) {
    if (!chosen.includes(name)) continue;
    const input = await make();
    await compare(input, [false]);
    await compareMemories(input);
    const ours = medianOf(input.name, "component-init", "warm");
    if (name === "sparse-1g" && ours) {
      const { snapshot = 0, rewrite = 0 } = ours.phases ?? {};
      verdict(`${input.name}: snapshot + rewrite`, snapshot + rewrite, 1000, "ms");
    }
    if (input.guestBytes !== undefined && ours) {
      const limit = name.endsWith("1g") ? 1.3 : Number.POSITIVE_INFINITY;
      if (limit < 2)
        verdict(`${input.name}: peak, of the guest's memory`, (ours.peakKiB * 1024) / input.guestBytes, limit, "x");
    }
  }
  if (chosen.includes("first-call")) await latencies();
  print();
  if (options.save) await save();
} finally {
  await rm(work, { recursive: true, force: true });
}
if (errors.length > 0) process.exitCode = 1;
