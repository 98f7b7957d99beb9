import type { NetworkActivity } from "../activity.js";
import { formatEndpoint } from "../addresses.js";
import { failSocket } from "../failure.js";
import type { NetworkContext } from "../network-context.js";
import type { Endpoint } from "../protocol.js";

/** A binding, for the report: completed where it fails. */
export type Binding = ReturnType<NetworkContext["log"]["reached"]>;

/**
 * Notes that the guest wants a port of this machine.
 *
 * @throws `access-denied` where it may not have it
 */
export function noteBinding(
  { destinations, log }: NetworkContext,
  kind: NetworkActivity["kind"] & `${string}-bind`,
  local: Endpoint,
): Binding {
  const entry = { kind, to: formatEndpoint(local) };
  if (destinations.allowsBinding(local)) return log.reached(entry);
  log.refused({ ...entry, error: "access-denied" });
  return failSocket("access-denied");
}
