/** What is kept of each of the guest's streams. */
const MAX_BYTES = 64 * 1024;

/** Collects what a guest prints; of a guest that prints without end only the last part is kept. */
export class OutputCapture {
  private readonly chunks = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  private readonly lengths = { stdout: 0, stderr: 0 };

  constructor(private readonly forward?: (stream: "stdout" | "stderr", bytes: Uint8Array) => void) {}

  readonly write = (stream: "stdout" | "stderr", bytes: Uint8Array): void => {
    this.forward?.(stream, bytes);
    if (bytes.length === 0) return;
    this.chunks[stream].push(bytes);
    this.lengths[stream] += bytes.length;
    if (this.lengths[stream] > 2 * MAX_BYTES) this.compact(stream);
  };

  get stdout(): string {
    return this.text("stdout");
  }

  get stderr(): string {
    return this.text("stderr");
  }

  private compact(stream: "stdout" | "stderr"): void {
    // A copy: a part would keep the whole in memory.
    const last = Uint8Array.from(this.last(stream));
    this.chunks[stream] = [last];
    this.lengths[stream] = last.length;
  }

  private text(stream: "stdout" | "stderr"): string {
    return this.last(stream).toString("utf8");
  }

  private last(stream: "stdout" | "stderr"): Buffer {
    return Buffer.concat(this.chunks[stream]).subarray(-MAX_BYTES);
  }
}
