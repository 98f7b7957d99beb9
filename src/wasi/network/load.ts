import { ComponentInitError } from "../../errors.js";
import type { HostContext } from "../context.js";
import { type NetworkActivity, refusals } from "./activity.js";
import type { AllowedNetwork, NetworkHost } from "./network.js";

/** A network that runs, for one guest. */
export interface OpenNetwork {
  create(context: HostContext): NetworkHost;
  /** What the guest has asked of it. */
  activity(): readonly NetworkActivity[];
}

/**
 * Opens what a guest may use of the network, lets `use` have it, and closes it. Its code is loaded where it is needed.
 */
export async function withNetwork<T>(
  allowed: AllowedNetwork | undefined,
  use: (network: OpenNetwork | undefined) => Promise<T>,
): Promise<T> {
  if (allowed === undefined) return use(undefined);
  const { createNetwork, invalidDestination, NetworkThread } = await import("./network.js");
  const invalid = invalidDestination(allowed);
  if (invalid !== undefined) {
    throw new ComponentInitError("invalid-option", `network: ${invalid} is not HOST:PORT (HOST:* for any port)`);
  }
  const thread = await NetworkThread.start();
  let host: NetworkHost | undefined;
  const activity = () => host?.activity() ?? [];
  try {
    return await use({ create: (context) => (host = createNetwork(context, allowed, thread)), activity });
  } catch (error) {
    throw error instanceof ComponentInitError ? withRefusals(error, activity()) : error;
  } finally {
    host?.close();
    await thread.close();
  }
}

/** Guests seldom say what they could not reach, or that it was not allowed. */
function withRefusals({ code, message, details, cause }: ComponentInitError, activity: readonly NetworkActivity[]) {
  return new ComponentInitError(code, message, { cause, details: [...details, ...refusals(activity)] });
}
