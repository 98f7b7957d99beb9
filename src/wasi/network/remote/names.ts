import { lookup } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import type { ResolvedAddress } from "../protocol.js";
import type { Post } from "./remote.ts";

/**
 * Resolves each name once: what was allowed by its name stays the same machine, whatever the name is changed to
 * meanwhile ("DNS rebinding").
 */
export class Names {
  readonly #resolved = new Map<string, Promise<readonly ResolvedAddress[]>>();

  resolve(name: string): Promise<readonly ResolvedAddress[]> {
    let addresses = this.#resolved.get(name);
    if (addresses === undefined) {
      addresses = lookup(name, { all: true, order: "verbatim" }) as Promise<ResolvedAddress[]>;
      this.#resolved.set(name, addresses);
      // It may work the next time.
      addresses.catch(() => this.#resolved.delete(name));
    }
    return addresses;
  }

  /** In the place of Node's own look-up. */
  lookupFor(post: Post): LookupFunction {
    return (name, { all }, callback) => {
      this.resolve(name).then(
        (addresses) => {
          post({ event: "resolved", name, addresses });
          const [first] = addresses;
          if (all) callback(null, [...addresses]);
          else callback(null, first?.address ?? "", first?.family);
        },
        (error: Error) => callback(error, ""),
      );
    };
  }
}
