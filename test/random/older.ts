import { type Call, comparable, InstantiationError } from "../support/session.js";
import { isAvailable, sessionIn } from "../support/wasmtime.js";
import { OLDER, type WasmtimeVersion } from "../support/wasmtime-versions.js";

/**
 * How the output of a case differs from its original in older versions of Wasmtime, where these run that.
 *
 * @param init - the calls of the original that the output has behind it
 */
export async function differenceInOlder(
  original: Uint8Array,
  output: Uint8Array,
  init: readonly Call[],
  calls: readonly Call[],
): Promise<string | undefined> {
  const differences = OLDER.filter(isAvailable).map(async (version) => {
    const before = await outcomesIn(version, original, [...init, ...calls]);
    // Nested components may not call each other in some versions.
    if (typeof before === "string" || before.isUnlike) return undefined;
    const after = await outcomesIn(version, output, calls);
    const [wanted, got] = [before.outcomes.slice(init.length), typeof after === "string" ? after : after.outcomes];
    if (JSON.stringify(wanted) === JSON.stringify(got)) return undefined;
    return `${version.name}: original, output differ:\n  ${JSON.stringify(wanted)}\n  ${JSON.stringify(got)}`;
  });
  return (await Promise.all(differences)).find((one) => one !== undefined);
}

/** Up to the first trap; a text where it does not come to life. */
async function outcomesIn(version: WasmtimeVersion, component: Uint8Array, calls: readonly Call[]) {
  try {
    const { outcomes } = await sessionIn(version, component, { calls, features: "all", isShort: true });
    const last = outcomes.at(-1);
    const isUnlike = last !== undefined && "trap" in last && /cannot enter component instance/.test(last.trap);
    return { outcomes: comparable(outcomes), isUnlike };
  } catch (error) {
    if (error instanceof InstantiationError) return error.message;
    throw error;
  }
}
