import { styleText } from "node:util";
import { writeAllSync } from "../isolate/frames.js";
import { toVisibleJson, visible } from "../visible.js";

// The one way to the command's standard streams. What others have named or said is filtered here, on success as on failure.

export type Stream = "stdout" | "stderr";

/** A line of ours, with what it begins with in a style of its own. Names and words of others may be anywhere in it. */
export interface Line {
  readonly label: string;
  readonly style: "bold" | "red" | "yellow";
  readonly text: string;
}

/** What the line that standard error's cursor is in holds. */
let current: "nothing" | "status" | "guest's" = "nothing";

export function isTerminal(stream: Stream): boolean {
  return process[stream].isTTY === true;
}

/** Columns of standard output. */
export function width(): number {
  return process.stdout.columns ?? Number.POSITIVE_INFINITY;
}

export function printLine(stream: Stream, line: string | Line): void {
  preparedLines(stream, [line])();
}

export function printJson(value: unknown): void {
  preparedJson(value)();
}

/** Prints lines when it is called: nothing but the stream itself can fail then. */
export function preparedLines(stream: Stream, lines: readonly (string | Line)[]): () => void {
  const text = lines.map((line) => `${formatLine(stream, line)}\n`).join("");
  return () => {
    if (stream === "stderr") endLine();
    process[stream].write(text);
  };
}

export function preparedJson(value: unknown): () => void {
  const text = `${toVisibleJson(value, 2)}\n`;
  return () => void process.stdout.write(text);
}

function formatLine(stream: Stream, line: string | Line): string {
  if (typeof line === "string") return visible(line);
  const { label, style, text } = line;
  return `${styleText(style, visible(label), { stream: process[stream] })} ${visible(text)}`;
}

const CLEAR_LINE = "\r\x1b[2K";

/** Shows what goes on, on a terminal that can take it back: a dumb one (an editor's, say) cannot. */
export function showStatus(text: string): void {
  if (!isTerminal("stderr") || process.env.TERM === "dumb") return;
  endLine();
  process.stderr.write(styleText("dim", text, { stream: process.stderr }));
  current = "status";
}

/** Makes room for a line: takes the status away, ends the guest's. */
export function endLine(): void {
  if (current === "status") process.stderr.write(CLEAR_LINE);
  if (current === "guest's") process.stderr.write("\n");
  current = "nothing";
}

// Of each of the guest's streams the last bytes may be half a character.
const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };

/** Quotes what the guest prints on standard error: indented, so that no line of it looks like one of ours. */
export function quoteGuest(stream: Stream, bytes: Uint8Array): void {
  const lines = linesOf(stream, bytes);
  if (lines.length === 0) return;
  if (current === "status") endLine();
  const [first, ...others] = lines;
  const quoted = [current === "guest's" ? first : `  ${first}`, ...others.map((line) => `  ${line}`)].join("");
  writeAllSync(process.stderr.fd, Buffer.from(quoted));
  current = quoted.endsWith("\n") ? "nothing" : "guest's";
}

/** Gives the guest's own stream what the guest prints: its bytes, but to a terminal only what a text may do to it. */
export function passOn(stream: Stream, bytes: Uint8Array): void {
  const passed = isTerminal(stream) ? Buffer.from(linesOf(stream, bytes).join("")) : bytes;
  writeAllSync(process[stream].fd, passed);
}

/** What comes of the guest's text, with the line ends. */
function linesOf(stream: Stream, bytes: Uint8Array): string[] {
  const text = decoders[stream].decode(bytes, { stream: true });
  const lines = text === "" ? [] : text.split(/(?<=\n)/);
  return lines.map((line) => visible(line.replace(/\r?\n$/, "")) + (line.endsWith("\n") ? "\n" : ""));
}

/** libuv goes on until all is written, and Node tells the number of bytes as one of 32 bits with a sign. */
export const MAX_WRITTEN = 2 ** 30;

/** Writes a component to standard output. */
export async function writeBytes(chunks: readonly Uint8Array[]): Promise<void> {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += MAX_WRITTEN) {
      const part = chunk.subarray(at, at + MAX_WRITTEN);
      await new Promise<void>((done, fail) => process.stdout.write(part, (error) => (error ? fail(error) : done())));
    }
  }
}

/** Who reads our output may stop at any time. Whoever must know is told by the callback of `write`. */
export function letReadersStop(): void {
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
}

/** Whether all that was written has arrived. */
export function isWritten(): boolean {
  return process.stdout.writableLength + process.stderr.writableLength === 0;
}
