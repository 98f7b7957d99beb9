/** What a call knows of its caller. */
export interface Call {
  /** Whether the guest wants no result any more. */
  readonly isCancelled: boolean;
}

/** The result of a call that the guest can cancel: `cancel` is how it is told. */
export type Cancellable<T> = Promise<T> & { cancel(): void };

/** @param onCancel - for those who wait for what is cancelled */
export function cancellable<T>(run: (call: Call) => Promise<T>, onCancel: (call: Call) => void): Cancellable<T> {
  const call = { isCancelled: false };
  const cancel = () => {
    call.isCancelled = true;
    onCancel(call);
  };
  return Object.assign(run(call), { cancel });
}

/** Ends what is cancelled. No one gets to see it. */
export function checkCancelled({ isCancelled }: Call): void {
  if (isCancelled) throw new Error("the guest has cancelled the call");
}
