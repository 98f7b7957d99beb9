/** What of the host takes real time. */
export interface RealTime {
  /** Whether something may still happen. */
  readonly isPassing: boolean;
  /** Waits until something of it has ended. */
  change(): Promise<void>;
}

/** What happens outside of the guest: on the network, and in promises of imports that a caller provides. */
export class Outside {
  #isStuck = false;
  /** Of the wait that is under way: a promise that all share would keep each of them. */
  #onStuck: (() => void) | undefined;
  #stop: (() => void) | undefined;

  /**
   * @param isAlone - whether nothing but the host's own WASI could wake the guest: what is pending there waits for the guest
   *   itself, unless it takes real time
   * @param realTime - what does
   */
  constructor(
    private readonly isAlone: boolean,
    private readonly realTime: RealTime | undefined,
  ) {}

  /** Gives `false` when nothing is left that could happen: Node would end the process then, without a word. */
  readonly wait = async (): Promise<boolean> => {
    if (!this.isAlone) return this.#whenStuck();
    if (!this.realTime?.isPassing) return false;
    await this.realTime.change();
    return true;
  };

  close(): void {
    this.#stop?.();
  }

  /** What takes real time keeps the process alive, too. */
  #whenStuck(): Promise<boolean> {
    this.#stop ??= this.#listen();
    return new Promise((resolve) => {
      this.#onStuck = () => resolve(false);
      if (this.#isStuck) resolve(false);
    });
  }

  #listen(): () => void {
    const onIdle = () => {
      this.#isStuck = true;
      this.#onStuck?.();
    };
    process.once("beforeExit", onIdle);
    return () => process.off("beforeExit", onIdle);
  }
}
