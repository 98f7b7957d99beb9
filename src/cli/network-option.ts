import { UsageError } from "./failure.js";

const OPTION = "--allow-network";

/** What the option without a destination stands for. */
const ANYWHERE = "*";

/** Loosely: what follows the option and looks like a destination is one, right or wrong. */
const DESTINATION = /^(\[[^\]]*\]|[^:/\\]+):(\d+|\*)$/;

/** Gives each `--allow-network` a value, which yargs cannot leave out: the destination that follows it, or all. */
export function withNetworkValues(own: readonly string[]): string[] {
  const result: string[] = [];
  for (let i = 0; i < own.length; i++) {
    const [arg = "", next = ""] = own.slice(i, i + 2);
    if (arg !== OPTION) result.push(arg);
    else if (DESTINATION.test(next)) {
      result.push(`${OPTION}=${next}`);
      i++;
    } else result.push(`${OPTION}=${ANYWHERE}`);
  }
  return result;
}

/** What the guest may reach; nothing where the option is not given. */
export async function parseNetwork(texts: readonly string[]): Promise<true | readonly string[] | undefined> {
  if (texts.length === 0) return undefined;
  return texts.includes(ANYWHERE) ? true : checkDestinations(OPTION, texts);
}

/** @param label - what stands for the option in messages */
export async function checkDestinations(label: string, texts: readonly string[]): Promise<readonly string[]> {
  const { parseDestination } = await import("../wasi/network/destinations.js");
  const invalid = texts.find((text) => parseDestination(text) === undefined);
  if (invalid === undefined) return texts;
  throw new UsageError(`${label}=${invalid}: HOST:PORT is expected (HOST:* for any port, [ADDRESS]:PORT for IPv6)`);
}
