import type { LinkedLibrary, LinkReport } from "../link/report.js";
import { asLine } from "../visible.js";
import { formatBytes } from "./progress.js";
import type { Line } from "./terminal.js";

/** The few lines that close a successful run. */
export function describeLinked(output: string, report: LinkReport, verbose: boolean): (string | Line)[] {
  const { libraries, leftOut, outputBytes } = report;
  const count = `${libraries.length} ${libraries.length === 1 ? "library" : "libraries"}`;
  const names = libraries.map(({ name }) => name).join(", ");
  return [
    { label: `${output}:`, style: "bold", text: asLine(`${formatBytes(outputBytes)}, ${count}: ${names}`) },
    ...(leftOut.length === 0 ? [] : [asLine(`left out, because nothing needs them: ${leftOut.join(", ")}`)]),
    ...(verbose ? libraries.map(describePlace) : []),
  ];
}

function describePlace({ name, memoryBase, memorySize, tableBase, tableSize }: LinkedLibrary): string {
  const memory = `${formatBytes(memorySize)} at 0x${memoryBase.toString(16)}`;
  return `${name}: memory ${memory}, ${tableSize} table entries from ${tableBase}`;
}
