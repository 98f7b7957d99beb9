import { type Cancellable, checkCancelled } from "../../call03.js";
import { type IpAddress, toIpAddress } from "../addresses.js";
import { type NetworkContext, networkCall } from "../network-context.js";
import type { NetworkFailure } from "../protocol.js";
import { attempt03, lookupErrorOf } from "./error-code03.js";
import { allowedName, resolve } from "./lookup.js";

export function createNameLookup03(context: NetworkContext) {
  return {
    resolveAddresses: (name: string): Cancellable<IpAddress[]> =>
      networkCall(context, async (call) => {
        const host = attempt03(() => allowedName(context, name));
        // WIT: such a name is "parsed", and no one is asked.
        if (host.isAddress) return [toIpAddress(host.text)];
        let result: IpAddress[] | NetworkFailure | undefined;
        resolve(context, host.text, (settled) => {
          result = settled;
        });
        await context.until(() => result !== undefined, call);
        checkCancelled(call);
        return addressesOf(result as unknown as IpAddress[] | NetworkFailure);
      }),
  };
}

function addressesOf(result: IpAddress[] | NetworkFailure): IpAddress[] {
  if (Array.isArray(result)) return result;
  throw lookupErrorOf(result);
}
