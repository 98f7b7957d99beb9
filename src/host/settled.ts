/**
 * What a promise comes to, or an error where nothing is left that could settle it: Node would end the process then, without
 * a word.
 */
export async function settledOrStuck<T>(result: T, message: string): Promise<Awaited<T>> {
  let onIdle = () => {};
  const stuck = new Promise<never>((_, reject) => {
    onIdle = () => reject(new Error(message));
  });
  process.once("beforeExit", onIdle);
  try {
    return await Promise.race([result, stuck]);
  } finally {
    process.off("beforeExit", onIdle);
  }
}
