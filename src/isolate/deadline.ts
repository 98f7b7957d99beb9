import { ComponentInitError } from "../errors.js";
import { ACTIVITIES, type Activity, isUnfinished } from "./activity.js";

/** What Node's timers can wait, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** How long a process may take to leave no file behind that is half written, in milliseconds. */
const GRACE = 10_000;

/** Ends a process that takes too long: from within it cannot be interrupted. */
export class Deadline {
  readonly #kill: (signal: NodeJS.Signals) => void;
  readonly #doing = new Set<Activity>();
  readonly #since = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #last: NodeJS.Immediate | undefined;
  /** What is to be said of the process that was ended. */
  #expired: string | undefined;

  /** @param kill - sends a signal to the process, which has just been started */
  constructor(kill: (signal: NodeJS.Signals) => void) {
    this.#kill = kill;
  }

  /** @param milliseconds - from when the process was started */
  set(milliseconds: number): void {
    this.stop();
    const left = this.#since + milliseconds - performance.now();
    this.#timer = setTimeout(() => {
      // This process may have been stopped, and what came meanwhile is read first.
      this.#last = setImmediate(() => this.#expire(milliseconds));
    }, left);
  }

  begin(activity: Activity): void {
    this.#doing.add(activity);
  }

  end(activity: Activity): void {
    this.#doing.delete(activity);
  }

  /** The process has ended, or is about to. */
  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#last);
  }

  /** @throws ComponentInitError `timeout` */
  check(): void {
    if (this.#expired !== undefined) throw new ComponentInitError("timeout", this.#expired);
  }

  #expire(milliseconds: number): void {
    this.#expired = describe(milliseconds, this.#doing);
    const isWriting = [...this.#doing].some(isUnfinished);
    // What handles signals then is to take back what it has begun.
    this.#kill(isWriting ? "SIGTERM" : "SIGKILL");
    if (isWriting) this.#timer = setTimeout(() => this.#kill("SIGKILL"), GRACE);
  }
}

function describe(milliseconds: number, doing: ReadonlySet<Activity>): string {
  const what = [...doing].map((activity) => ACTIVITIES[activity]).join(", ");
  const trace = doing.has("initialize") ? ", or see with --trace FILE what it called last" : "";
  const where = what === "" ? "" : ` while ${what}`;
  return `timed out after ${milliseconds / 1000} s${where}: allow more with --timeout${trace}`;
}

/** @throws ComponentInitError `invalid-option` */
export function checkTimeout(milliseconds: number): void {
  if (milliseconds > 0 && milliseconds <= LONGEST) return;
  const message = `timeout: ${milliseconds} is not a number of milliseconds up to ${LONGEST}`;
  throw new ComponentInitError("invalid-option", message);
}
