import { isIP } from "node:net";
import type { Endpoint, ResolvedAddress } from "./protocol.js";

/** `ip-address` of `wasi:sockets/network`, in the host's convention. */
export type IpAddress =
  | { readonly tag: "ipv4"; readonly val: readonly [number, number, number, number] }
  | { readonly tag: "ipv6"; readonly val: Ipv6 };

type Ipv6 = readonly [number, number, number, number, number, number, number, number];

export type IpSocketAddress =
  | { readonly tag: "ipv4"; readonly val: { readonly port: number; readonly address: readonly number[] } }
  | {
      readonly tag: "ipv6";
      readonly val: {
        readonly port: number;
        readonly flowInfo: number;
        readonly address: readonly number[];
        readonly scopeId: number;
      };
    };

export type Family = IpAddress["tag"];

/** Of a name, in DNS. */
const MAX_NAME = 253;

/** A host in the one form that it is compared in. */
export interface Host {
  /** An address is canonical, a name in lower case and ASCII without a dot at its end. */
  readonly text: string;
  readonly isAddress: boolean;
}

/**
 * The host of a URL or of an option: IPv6 in brackets. What the resolver would take for an address in another notation
 * (`0x7f.1`, `2130706433`) becomes that address, so that it cannot pass for a name.
 *
 * @returns `undefined` when it is none
 */
export function parseHost(text: string): Host | undefined {
  if (/[\s/\\?#@%]/.test(text) || !URL.canParse(`http://${text}`)) return undefined;
  const { hostname, port, host } = new URL(`http://${text}`);
  if (port !== "" || host !== hostname || /:\d*$/.test(text)) return undefined;
  if (hostname.startsWith("[")) return { text: hostname.slice(1, -1), isAddress: true };
  if (isIP(hostname) !== 0) return { text: hostname, isAddress: true };
  const name = hostname.replace(/\.$/, "");
  // URLs allow more, such as `*`, which no resolver knows.
  return name.length <= MAX_NAME && /^[a-z0-9._-]+$/.test(name) ? { text: name, isAddress: false } : undefined;
}

/** `1.2.3.4:80`, `[::1]:80`. */
export function formatEndpoint({ address, port }: Endpoint): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The endpoint that a guest names, with its address in canonical form. */
export function toEndpoint({ tag, val }: IpSocketAddress): Endpoint {
  const address = canonicalAddress(tag === "ipv4" ? val.address.join(".") : formatIpv6(val.address));
  return { address: tag === "ipv6" && val.scopeId > 0 ? `${address}%${val.scopeId}` : address, port: val.port };
}

function formatIpv6(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(":");
}

export function canonicalAddress(address: string): string {
  const [plain = ""] = address.split("%");
  return plain.includes(":") ? new URL(`http://[${plain}]`).hostname.slice(1, -1) : plain;
}

/** An address that Node has given. */
export function toIpAddress(address: string): IpAddress {
  if (isIP(address) !== 6)
    return { tag: "ipv4", val: address.split(".").map(Number) as [number, number, number, number] };
  const [head = "", tail] = canonicalAddress(address).split("::");
  const groups = (text: string | undefined) => (text ? text.split(":").map((group) => Number.parseInt(group, 16)) : []);
  const [before, after] = [groups(head), groups(tail)];
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  return { tag: "ipv6", val: [...before, ...zeros, ...after] as unknown as Ipv6 };
}

export function toSocketAddress({ address, port }: Endpoint): IpSocketAddress {
  const ip = toIpAddress(address);
  if (ip.tag === "ipv4") return { tag: "ipv4", val: { port, address: ip.val } };
  const scopeId = Number(/%(\d+)$/.exec(address)?.[1] ?? 0);
  return { tag: "ipv6", val: { port, flowInfo: 0, address: ip.val, scopeId } };
}

export function toIpAddresses(addresses: readonly ResolvedAddress[]): IpAddress[] {
  return addresses.map(({ address }) => toIpAddress(address));
}

/** WIT: such an address "is not supported", so that IPv6 sockets stay IPv6 only. */
function isMapped({ tag, val }: IpSocketAddress): boolean {
  return tag === "ipv6" && val.address.slice(0, 5).every((group) => group === 0) && val.address[5] === 0xffff;
}

function isUnspecified({ val }: IpSocketAddress): boolean {
  return val.address.every((part) => part === 0);
}

/** Whether a socket can be bound to it. */
export function isOwnAddress(local: IpSocketAddress, family: Family): boolean {
  return local.tag === family && !isMapped(local);
}

/** Whether someone may be there. */
export function isPeerAddress(remote: IpSocketAddress, family: Family): boolean {
  return isOwnAddress(remote, family) && !isUnspecified(remote) && remote.val.port !== 0;
}

export function isSameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && canonicalAddress(a.address) === canonicalAddress(b.address);
}
