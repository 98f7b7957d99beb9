/** What may have to wait: yields what it waits for, and is driven by {@link drive}. */
export type Async<T> = Generator<PromiseLike<unknown>, T, unknown>;

/** Waits for a promise. */
export function* awaited<T>(promise: PromiseLike<T>): Async<T> {
  return (yield promise) as T;
}

/** Runs until the first wait. What does not wait gives its result at once, and no promise. */
export function drive<T>(steps: Async<T>): T | Promise<T> {
  const first = steps.next();
  return first.done ? first.value : driveOn(steps, first.value);
}

async function driveOn<T>(steps: Async<T>, first: PromiseLike<unknown>): Promise<T> {
  let waited = first;
  for (;;) {
    const step = await waited.then(
      (value) => steps.next(value),
      (error: unknown) => steps.throw(error),
    );
    if (step.done) return step.value;
    waited = step.value;
  }
}
