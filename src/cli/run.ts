import type { CommandModule } from "yargs";
import { ComponentInitError } from "../errors.js";
import { tuneEngine } from "../isolate/engine-flags.js";
import type { PhaseListener } from "../preinitialize.js";
import { declareCommand } from "./command.js";
import { UsageError } from "./failure.js";
import { checkOutput, displayName, parseIfText, readInput, readNamed, withInputName, writeOutput } from "./files.js";
import { type RunArguments, settingsOfFlags } from "./flags.js";
import { namedLibraries } from "./libraries.js";
import { MANIFEST_NAME } from "./manifest/manifest.js";
import { checkMounts } from "./mounts.js";
import { single } from "./options.js";
import { PlanFile } from "./plan-file.js";
import { Progress, summarize } from "./progress.js";
import { RUN_HELP } from "./run-options.js";
import { defined, mergeSettings, type Settings } from "./settings.js";
import { chooseSource, filesOf, type Source } from "./source.js";
import { during, tell } from "./supervise.js";
import { preparedJson, preparedLines, quoteGuest } from "./terminal.js";
import { TraceFile } from "./trace.js";

/** @param guestArguments - what follows `--`, which yargs would interpret */
export function runCommand(guestArguments: readonly string[] | undefined): CommandModule<object, RunArguments> {
  const declared = { syntax: "run [input]", help: RUN_HELP, positional: "input", takes: { type: "string" } } as const;
  return declareCommand<RunArguments>(declared, (argv) => run(argv, guestArguments));
}

async function run(argv: RunArguments, guestArguments: readonly string[] | undefined): Promise<void> {
  const { verbose = false, json = false } = argv;
  const flags = await settingsOfFlags(argv, guestArguments);
  const { manifest, path: manifestPath } = await manifestFor(flags, single("manifest", argv.manifest));
  const merged = mergeSettings(manifest, flags);
  const { source, opened, searched, others } = chooseSource(merged, flags, manifestPath);
  const { output: outputPath, plan: planPath, keepDlopen, ...settings } = others;
  if (outputPath === undefined) {
    const inManifest = manifestPath === undefined ? "" : `, or "output" to ${manifestPath}`;
    throw new UsageError(`the output is missing: add -o FILE (- for standard output)${inManifest}`);
  }
  const { stdin: stdinPath, trace: tracePath, timeout, modules = {}, components = {}, ...options } = settings;
  if (timeout !== undefined) tell({ timeout });
  checkStreams("input" in source ? source.input : undefined, outputPath, stdinPath, json);
  await checkMounts(options.preopens ?? []);
  const supplied = [modules, components, options.importModules ?? {}].flatMap((files) => Object.values(files));
  const directories = (options.preopens ?? []).flatMap((preopen) => ("host" in preopen ? [preopen.host] : []));
  const archives = (options.preopens ?? []).flatMap((preopen) => ("archive" in preopen ? [preopen.archive] : []));
  const openable = opened.map(({ path }) => path);
  const given = [...filesOf(source), ...openable, stdinPath, manifestPath, ...supplied, ...archives];
  const inputs = given.filter((path) => path !== undefined);
  await checkOutput(outputPath, inputs);
  const trace =
    tracePath === undefined ? undefined : await TraceFile.open(tracePath, [outputPath, ...inputs], directories);
  tuneEngine();
  const [input, { preinitializeToChunks }] = await Promise.all([
    during("input" in source ? "read" : "link", () => readSource(source)),
    import("../preinitialize.js"),
  ]);
  const written = tracePath === undefined ? [outputPath] : [outputPath, tracePath];
  const plan = await PlanFile.open(planPath, written, inputs);
  const stdin = stdinPath === undefined ? undefined : await readInput(stdinPath);
  const progress = new Progress(verbose, json && !verbose);
  try {
    if (planPath !== undefined) await checkPlanned(input);
    const { chunks, report } = await preinitializeToChunks(input, {
      ...options,
      modules: await readNamed(modules),
      components: await readNamed(components),
      dlopen: defined({
        libraries: await namedLibraries(opened),
        libraryPath: searched,
        keep: keepDlopen,
        plan: plan?.plan,
      }),
      onPhase: watchedListener(progress),
      ...defined({ stdin, onHostCall: trace?.write }),
      ...(verbose && { onOutput: quoteGuest }),
    });
    // The output comes last: nothing of it is left where anything else fails.
    const name = displayName(outputPath, "output");
    const tell = json ? preparedJson(report) : preparedLines("stderr", summarize(name, report));
    await plan?.write(report.dlopen?.plan);
    await during("write", () => writeOutput(outputPath, chunks));
    progress.stop();
    tell();
  } catch (cause) {
    const error = "input" in source ? withInputName(cause, source.input) : cause;
    throw plan === undefined ? error : plan.explain(error);
  } finally {
    progress.stop();
    trace?.close();
  }
}

/** The component to initialize. */
async function readSource(source: Source): Promise<Uint8Array> {
  if ("input" in source) return parseIfText(await readInput(source.input), source.input);
  const { linkFiles } = await import("./link-files.js");
  const { chunks } = await linkFiles(source);
  return Buffer.concat(chunks);
}

/** A plan is of what is opened. */
async function checkPlanned(input: Uint8Array): Promise<void> {
  const { checkOpens } = await import("../dlopen/check-given.js");
  const { decodeComponent } = await import("../component/decode.js");
  checkOpens(decodeComponent(input), "a linking plan (--plan)");
}

/** The manifest that is named; without an input the one of this directory. */
async function manifestFor(flags: Settings, named: string | undefined): Promise<{ manifest: Settings; path?: string }> {
  const path = named ?? (flags.input === undefined && flags.libraries?.length === 0 ? MANIFEST_NAME : undefined);
  if (path === undefined) return { manifest: {} };
  const [{ readManifest }, { settingsOfManifest }] = await Promise.all([
    import("./manifest/read.js"),
    import("./manifest/settings.js"),
  ]);
  const manifest = await readManifest(path);
  if (manifest !== undefined) return { manifest: await settingsOfManifest(manifest, path), path };
  if (named !== undefined) throw new ComponentInitError("io", `cannot read the manifest ${path}: it does not exist`);
  return { manifest: {} };
}

/** Tells the process that watches this one what it does. */
function watchedListener(listener: PhaseListener): PhaseListener {
  return {
    start: (phase) => {
      tell({ begins: phase });
      listener.start(phase);
    },
    end: (phase, milliseconds) => {
      tell({ ends: phase });
      listener.end(phase, milliseconds);
    },
  };
}

/** Each of the standard streams can be one thing only. */
function checkStreams(input: string | undefined, output: string, stdin: string | undefined, json: boolean): void {
  if (input === "") throw new UsageError("the input's name is empty");
  if (json && output === "-") throw new UsageError("--json and -o - would both write to standard output");
  if (input === "-" && stdin === "-") throw new UsageError("the input and --stdin cannot both be standard input");
}
