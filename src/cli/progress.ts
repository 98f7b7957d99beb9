import { ACTIVITIES } from "../isolate/activity.js";
import type { MemoryReport, PhaseName, Report } from "../report.js";
import { shortenedLines } from "../shortened.js";
import { asLine } from "../visible.js";
import { endLine, type Line, printLine, showStatus } from "./terminal.js";

/** Shows which phases run, on stderr: in one line of a terminal that is overwritten, and with `verbose` in a line each. */
export class Progress {
  private readonly running = new Set<PhaseName>();

  constructor(
    private readonly verbose: boolean,
    private quiet: boolean,
  ) {}

  start(phase: PhaseName): void {
    this.running.add(phase);
    this.show();
  }

  end(phase: PhaseName, milliseconds: number): void {
    this.running.delete(phase);
    if (this.quiet) return;
    endLine();
    if (this.verbose) printLine("stderr", `${ACTIVITIES[phase]}: ${milliseconds.toFixed(0)} ms`);
    this.show();
  }

  /** A phase that runs next to the one that failed may end after the failure was told. */
  stop(): void {
    endLine();
    this.quiet = true;
  }

  private show(): void {
    if (this.quiet || this.running.size === 0) return;
    const labels = [...this.running].map((phase) => ACTIVITIES[phase]).join(", ");
    showStatus(`${labels} …`);
  }
}

export function formatBytes(bytes: number): string {
  if (bytes < 10_000) return count(bytes, "byte");
  if (bytes < 10_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

/** Components of many modules have many memories, and guests ask for many libraries; a summary is short. */
const MAX_MEMORIES = 3;
const MAX_FAILURES = 20;

/** The few lines that close a successful run. */
export function summarize(output: string, report: Report): (string | Line)[] {
  const seconds = (report.totalMs / 1000).toFixed(2);
  const init = report.init === undefined ? "instantiated" : `ran ${report.init}`;
  const sizes = `${formatBytes(report.outputBytes)} (input ${formatBytes(report.inputBytes)})`;
  const lines = [
    ...memoryLines(report.memories),
    ...removedLines(report.removed),
    ...openedLines(report.dlopen),
    ...hostLines(report.host),
  ];
  return [
    { label: `${output}:`, style: "bold", text: asLine(`${sizes}, ${init}, ${seconds} s`) },
    ...lines.map(asLine),
    ...report.warnings.map(warning),
  ];
}

export function warning(text: string): Line {
  return { label: "warning:", style: "yellow", text };
}

function openedLines(dlopen: Report["dlopen"]): string[] {
  if (dlopen === undefined) return [];
  const { open, failures, failuresOmitted = 0 } = dlopen;
  const lines = open.length === 0 ? [] : [`opened: ${open.length > 8 ? `${open.length} libraries` : open.join(", ")}`];
  const shown = failures.slice(0, MAX_FAILURES);
  const told = shown.flatMap(({ error, hint }) => [`dlopen: ${error}`, ...(hint ? [`  ${hint}`] : [])]);
  const more = failures.length - shown.length + failuresOmitted;
  return [...lines, ...shortenedLines(told, told.length, more)];
}

/** What is worth a line of its own: whatever makes the output another one in the next run, and what was refused. */
function hostLines({ clock, clockQueries, refused }: Report["host"]): string[] {
  const lines: string[] = [];
  if (clock === "real" && clockQueries > 0) lines.push(`the real clock was read ${count(clockQueries, "time")}`);
  const [first] = refused;
  if (first !== undefined) {
    const rest = refused.length === 1 ? "" : `, and ${count(refused.length - 1, "more import")} (--json lists all)`;
    const where = first.path === undefined ? "" : ` in ${first.path}`;
    lines.push(`not granted: ${first.import}${where} (${count(first.count, "call")})${rest}`);
  }
  return lines;
}

/** What `--gc` removed, in the order of the report. */
function removedLines(removed: Report["removed"]): string[] {
  if (removed === undefined) return [];
  const parts = NAMES_OF_REMOVED.flatMap(([what, one, many]) => {
    const number = removed[what];
    return number === 0 ? [] : [`${number} ${number === 1 ? one : many}`];
  });
  return [`removed from core modules: ${parts.length === 0 ? "nothing" : parts.join(", ")}`];
}

const NAMES_OF_REMOVED: readonly (readonly [keyof NonNullable<Report["removed"]>, string, string])[] = [
  ["functions", "function", "functions"],
  ["bodies", "body of a function that no call can reach", "bodies of functions that no call can reach"],
  ["globals", "global", "globals"],
  ["types", "type", "types"],
  ["tables", "table", "tables"],
  ["memories", "memory", "memories"],
  ["tags", "tag", "tags"],
  ["elements", "element segment", "element segments"],
  ["data", "data segment", "data segments"],
];

function memoryLines(memories: readonly MemoryReport[]): string[] {
  const lines = memories.slice(0, MAX_MEMORIES).map(({ instance, index, pagesBefore, pagesAfter, bytes, segments }) => {
    const name = memories.length === 1 ? "memory" : `memory ${index} of core instance ${instance}`;
    const pages =
      pagesBefore === pagesAfter ? count(pagesAfter, "page") : `${pagesBefore} → ${count(pagesAfter, "page")}`;
    return `${name}: ${pages}, ${formatBytes(bytes)} in ${count(segments, "segment")}`;
  });
  const rest = memories.length - lines.length;
  return rest > 0 ? [...lines, `and ${rest} more ${rest === 1 ? "memory" : "memories"} (--json lists all)`] : lines;
}
