/** What happens outside of the guest: promises of imports that a caller provides. */
export class Outside {
  #stuck: Promise<boolean> | undefined;
  #stop = (): void => undefined;

  /** @param isAlone - whether there is nothing that could wake the guest: what is pending in WASI waits for the guest itself */
  constructor(private readonly isAlone: boolean) {}

  /** Gives `false` when nothing is left that could happen: Node would end the process then, without a word. */
  readonly wait = (): Promise<boolean> => {
    if (this.isAlone) return Promise.resolve(false);
    this.#stuck ??= new Promise((resolve) => {
      const onIdle = () => resolve(false);
      process.once("beforeExit", onIdle);
      this.#stop = () => process.off("beforeExit", onIdle);
    });
    return this.#stuck;
  };

  close(): void {
    this.#stop();
  }
}
