import type { Call } from "../call03.js";
import type { HostContext } from "../context.js";
import { RealTime } from "../real-time.js";
import { ActivityLog, type NetworkActivity } from "./activity.js";
import { Destinations, parseDestination } from "./destinations.js";
import { createHttp } from "./http/http.js";
import { createHttp03 } from "./http/http03.js";

import type { NetworkContext } from "./network-context.js";
import { NetworkThread } from "./network-thread.js";
import { createNameLookup } from "./sockets/lookup.js";
import { createNetworkInterfaces } from "./sockets/network.js";
import { createSockets03 } from "./sockets/sockets03.js";

import { createTcp } from "./sockets/tcp.js";
import { createUdp } from "./sockets/udp.js";

/** What the guest may reach: everything, or the destinations `HOST:PORT`. */
export type AllowedNetwork = true | readonly string[];

export { NetworkThread };

/** @returns one that is not of the form `HOST:PORT`, if there is any */
export function invalidDestination(allowed: AllowedNetwork): string | undefined {
  return allowed === true ? undefined : allowed.find((text) => parseDestination(text) === undefined);
}

/** A host's network, for a guest that it is granted to. */
export interface NetworkHost {
  readonly imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  activity(): NetworkActivity[];
  /** What guests wait for that need not block. */
  readonly realTime: RealTime;
  close(): void;
}

export function createNetwork(host: HostContext, allowed: AllowedNetwork, thread: NetworkThread): NetworkHost {
  const log = new ActivityLog();
  const realTime = new RealTime();
  const until = (isOver: () => boolean, call?: Call) =>
    realTime.during(thread.until(() => call?.isCancelled || isOver(), call));
  const context: NetworkContext = { ...host, thread, log, until, destinations: new Destinations(allowed) };
  return {
    imports: {
      ...createNetworkInterfaces(context),
      "wasi:sockets/ip-name-lookup": createNameLookup(context),
      ...createTcp(context),
      ...createUdp(context),
      ...createHttp(context),
      ...createSockets03(context),
      ...createHttp03(context, realTime),
    },
    activity: () => log.list(),
    realTime,
    close: () => realTime.end(),
  };
}
