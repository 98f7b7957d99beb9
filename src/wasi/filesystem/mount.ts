import { type Datetime, toDatetime } from "../clocks.js";
import type { Timeline } from "../timeline.js";
import { ReadLog } from "./read-log.js";
import type { SourceFile } from "./source.js";
import { Space } from "./space.js";

/**
 * - `ro`: every change is refused
 * - `rw`: changes stay in memory until initialization has succeeded, then the host's directory gets them
 * - `overlay`: changes stay in memory, and end with the guest
 */
export type MountMode = "ro" | "rw" | "overlay";

export interface TreeOptions {
  /** How many bytes the guest may write, in all mounts together. */
  readonly maxWritten?: number;
  /** Told of each change that was refused because the mount at this path is read-only. */
  readonly onReadOnly?: (guest: string) => void;
}

/** What all mounts of one host share. */
export class TreeState {
  readonly reads = new ReadLog();
  readonly space: Space;
  /** The time of what was there before the guest. */
  readonly start: Datetime;
  readonly #timeline: Timeline;
  readonly #onReadOnly: (guest: string) => void;
  #created = 0;

  constructor(timeline: Timeline, start: bigint, { maxWritten, onReadOnly = () => undefined }: TreeOptions = {}) {
    this.#timeline = timeline;
    this.#onReadOnly = onReadOnly;
    this.start = toDatetime(start);
    this.space = new Space(maxWritten);
  }

  noteReadOnly(guest: string): void {
    this.#onReadOnly(guest);
  }

  /** Does not count as a look at the clock. */
  now(): Datetime {
    return toDatetime(this.#timeline.wall);
  }

  /** Tells what the guest creates apart, the same way in every run. */
  nextSerial(): number {
    return this.#created++;
  }
}

export class Mount {
  readonly #files = new WeakMap<SourceFile, object>();

  constructor(
    readonly state: TreeState,
    readonly mode: MountMode,
    /** Where the guest finds it. */
    readonly guest: string,
  ) {}

  get isWritable(): boolean {
    return this.mode !== "ro";
  }

  /** One node for one file, whichever of its names was found first. */
  fileOf<Node extends object>(source: SourceFile, make: () => Node): Node {
    const known = (this.#files.get(source) as Node | undefined) ?? make();
    this.#files.set(source, known);
    return known;
  }
}
