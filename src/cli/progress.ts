import { styleText } from "node:util";
import type { PhaseName, Report } from "../report.js";

const LABELS: Record<PhaseName, string> = {
  decode: "decoding",
  instrument: "instrumenting",
  bind: "generating bindings",
  compile: "compiling",
  initialize: "initializing",
  snapshot: "taking the snapshot",
  rewrite: "rewriting",
  verify: "verifying",
};

/** Shows which phase runs: one line that is overwritten on a terminal, plain lines (if verbose) elsewhere. */
export class Progress {
  private readonly terminal = process.stderr.isTTY === true;

  constructor(
    private readonly verbose: boolean,
    private readonly quiet: boolean,
  ) {}

  start(phase: PhaseName): void {
    if (this.quiet) return;
    if (this.terminal)
      process.stderr.write(`\r\x1b[2K${styleText("dim", `${LABELS[phase]} …`, { stream: process.stderr })}`);
  }

  end(phase: PhaseName, milliseconds: number): void {
    if (!this.verbose || this.quiet) return;
    this.clear();
    process.stderr.write(`${LABELS[phase]}: ${milliseconds.toFixed(0)} ms\n`);
  }

  /** Takes the line away, so that something else can be printed. */
  clear(): void {
    if (this.terminal && !this.quiet) process.stderr.write("\r\x1b[2K");
  }
}

export function formatBytes(bytes: number): string {
  if (bytes < 10_000) return `${bytes} bytes`;
  if (bytes < 10_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** The few lines that close a successful run. */
export function summarize(output: string, report: Report): string[] {
  const bold = (text: string) => styleText("bold", text, { stream: process.stderr });
  const seconds = (report.totalMs / 1000).toFixed(2);
  const init = report.init === undefined ? "instantiated" : `ran ${report.init}`;
  const memories = report.memories.map(
    ({ pagesBefore, pagesAfter, bytes, segments }) =>
      `memory: ${pagesBefore} → ${pagesAfter} pages, ${formatBytes(bytes)} in ${segments} segments`,
  );
  return [
    `${bold(output)}: ${formatBytes(report.outputBytes)} (input ${formatBytes(report.inputBytes)}), ${init}, ${seconds} s`,
    ...memories,
    ...report.warnings.map((warning) => `${styleText("yellow", "warning:", { stream: process.stderr })} ${warning}`),
  ];
}
