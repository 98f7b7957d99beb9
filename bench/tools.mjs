// @ts-check
/** Runs the tools under measure.py. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
// @ts-expect-error: it has no types
import wizer from "@bytecodealliance/wizer";
import { componentInit } from "../examples/starlingmonkey/lib.mjs";

const measureScript = fileURLToPath(new URL("measure.py", import.meta.url));

/**
 * @typedef {object} Measurement
 * @property {number} wallMs
 * @property {number} cpuMs
 * @property {number} peakKiB
 * @property {number} maxRssKiB
 * @property {number} processes
 * @property {number} [bytes] of the output
 * @property {Record<string, number>} [phases] ms
 */

/**
 * @param {string} directory
 * @param {string[]} command
 * @param {{ env?: Record<string, string>, stdin?: string | undefined, interval?: number }} [options] `interval`: how often
 *   memory is looked at, ms. Looking takes a good part of a core.
 * @returns {Promise<Measurement & { stdout: string }>}
 */
export async function measure(directory, command, { env = {}, stdin, interval = 10 } = {}) {
  const result = join(directory, "measurement.json");
  await rm(result, { force: true });
  const input = stdin === undefined ? [] : ["--stdin", stdin];
  const args = [measureScript, result, "--interval", String(interval), ...input, "--", ...command];
  const output = { stdout: "", stderr: "" };
  await new Promise((resolve, reject) => {
    const child = spawn("python3", args, { env, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.setEncoding("utf8").on("data", (text) => (output.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (output.stderr += text));
    child.on("error", reject);
    child.on("close", resolve);
  });
  const { exit, ...measured } = JSON.parse(await readFile(result, "utf8"));
  if (exit !== 0) throw new Error(`${command.join(" ")}: exit status ${exit}\n${output.stdout}${output.stderr}`);
  return { ...measured, stdout: output.stdout };
}

/**
 * Tools find their caches in XDG_CACHE_HOME, and nothing of the user's environment.
 * @param {string} cache
 */
export const environment = (cache) => ({ PATH: process.env.PATH ?? "", HOME: cache, XDG_CACHE_HOME: cache });

/**
 * @param {string} directory
 * @param {string} cache
 * @param {import('./inputs.mjs').Input} input
 * @param {string} output
 */
async function runWizer(directory, cache, input, output) {
  const { stdout: _, ...measured } = await measure(
    directory,
    [wizer, ...input.wizerArgs, "--wasm-bulk-memory=true", `-o=${output}`, input.core],
    { env: { ...environment(cache), ...input.env }, stdin: input.stdin },
  );
  return { ...measured, bytes: (await stat(output)).size };
}

/**
 * @param {string} directory
 * @param {string} cache
 * @param {import('./inputs.mjs').Input} input
 * @param {string} output
 */
async function runComponentInit(directory, cache, input, output) {
  const command = [process.execPath, componentInit, "run", input.component, "-o", output, "--json", ...input.args];
  // The generic runtime gets its command line as arguments here and needs no stdin.
  if (input.stdin !== undefined && input.guestArgs.length === 0) command.push("--stdin", input.stdin);
  for (const [name, value] of Object.entries(input.env)) command.push("--env", `${name}=${value}`);
  if (input.guestArgs.length > 0) command.push("--", ...input.guestArgs);
  const { stdout, ...measured } = await measure(directory, command, { env: environment(cache) });
  return { ...measured, bytes: (await stat(output)).size, phases: phases(stdout) };
}

/** The phases of a --json report. @param {string} report @returns {Record<string, number>} */
function phases(report) {
  const { phases } = JSON.parse(report);
  return Object.fromEntries(phases.map((/** @type {{ name: string, ms: number }} */ { name, ms }) => [name, ms]));
}

export const tools = { wizer: runWizer, "component-init": runComponentInit };

/** @typedef {keyof typeof tools} Tool */

/**
 * One run: `cold` with an empty cache directory that goes afterwards, otherwise with the tool's own, which an earlier
 * run has filled.
 * @param {string} directory
 * @param {Tool} tool
 * @param {import('./inputs.mjs').Input} input
 * @param {boolean} cold
 * @param {string} output
 * @returns {Promise<Measurement>}
 */
export async function runTool(directory, tool, input, cold, output) {
  const warm = join(directory, `cache-${tool}`);
  await mkdir(warm, { recursive: true });
  const cache = cold ? await mkdtemp(join(directory, "cache-cold-")) : warm;
  await rm(output, { force: true });
  try {
    return await tools[tool](directory, cache, input, output);
  } finally {
    if (cold) await rm(cache, { recursive: true, force: true });
  }
}
