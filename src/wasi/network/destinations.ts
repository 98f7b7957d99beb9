import { canonicalAddress, type Host, parseHost } from "./addresses.js";
import type { Endpoint } from "./protocol.js";

/** One entry of the list of `--allow-network`. */
interface Rule {
  readonly host: Host;
  /** `undefined` for any. */
  readonly port: number | undefined;
}

/** A destination as options write it: what is before the last colon, and a port or `*`. */
const RULE = /^(.+):(\d{1,5}|\*)$/;

/** @returns `undefined` when it is not `HOST:PORT` */
export function parseDestination(text: string): Rule | undefined {
  const [, hostText = "", portText = ""] = RULE.exec(text) ?? [];
  const host = parseHost(hostText);
  const port = portText === "*" ? undefined : Number(portText);
  if (host === undefined || port === 0 || (port ?? 0) > 0xffff) return undefined;
  return { host, port };
}

/** What the guest may reach. */
export class Destinations {
  /** `undefined` for everything. */
  readonly #rules: readonly Rule[] | undefined;
  readonly #resolved = new Map<string, Set<string>>();

  /** @param allowed - valid destinations, or `true` for all */
  constructor(allowed: true | readonly string[]) {
    this.#rules = allowed === true ? undefined : allowed.flatMap((text) => parseDestination(text) ?? []);
  }

  allowsLookup(name: string): boolean {
    return this.#rules === undefined || this.#rules.some(({ host }) => host.text === name);
  }

  allowsHost({ text, isAddress }: Host, port: number): boolean {
    if (isAddress) return this.allowsEndpoint({ address: text, port });
    return this.#rules === undefined || this.#rules.some((rule) => rule.host.text === text && allowsPort(rule, port));
  }

  /** A name allows the addresses that it has been resolved to, and no other that someone says it has. */
  allowsEndpoint({ address, port }: Endpoint): boolean {
    if (this.#rules === undefined) return true;
    const wanted = canonicalAddress(address);
    return this.#rules.some((rule) => allowsPort(rule, port) && this.#meaning(rule.host).has(wanted));
  }

  /**
   * Whether the guest may have a port of this machine. One that the system chooses is what every client has; one that others
   * can know must be in the list, as if it were a destination.
   */
  allowsBinding(local: Endpoint): boolean {
    return local.port === 0 || this.allowsEndpoint(local);
  }

  noteResolved(name: string, addresses: readonly string[]): void {
    this.#resolved.set(name, new Set(addresses.map(canonicalAddress)));
  }

  #meaning({ text, isAddress }: Host): ReadonlySet<string> {
    return isAddress ? new Set([text]) : (this.#resolved.get(text) ?? new Set());
  }
}

function allowsPort(rule: Rule, port: number): boolean {
  return rule.port === undefined || rule.port === port;
}
