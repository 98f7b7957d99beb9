import { type Host, parseHost } from "../addresses.js";
import { failHttp } from "../failure.js";

export type Scheme =
  | { readonly tag: "HTTP" }
  | { readonly tag: "HTTPS" }
  | { readonly tag: "other"; readonly val: string };

/** Where a request goes. */
export interface Target {
  readonly secure: boolean;
  readonly host: Host;
  readonly port: number;
  readonly path: string;
  /** Of its URL, for the report. */
  readonly origin: string;
  /** For the report: queries may hold secrets. */
  readonly display: string;
}

/** @returns `undefined` when it is none, or names a user, which WASI has headers for */
export function parseAuthority(text: string): { readonly host: Host; readonly port: number | undefined } | undefined {
  const [, hostText = "", portText] = /^(.+?)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = parseHost(hostText);
  const port = portText === undefined ? undefined : Number(portText);
  return host === undefined || port === 0 || (port ?? 0) > 0xffff ? undefined : { host, port };
}

/** What a request line can hold; a fragment is not sent. */
export function isPath(text: string): boolean {
  return text === "*" || /^[/?][!"$-~]*$/.test(text);
}

/** WIT leaves open what a request without a scheme is: HTTPS, as in Wasmtime. */
export function targetOf(
  scheme: Scheme | undefined,
  authority: string | undefined,
  pathWithQuery: string | undefined,
): Target {
  const secure = scheme === undefined || scheme.tag === "HTTPS";
  if (scheme?.tag === "other" || authority === undefined) return failHttp({ tag: "HTTP-request-URI-invalid" });
  const parsed = parseAuthority(authority);
  if (parsed === undefined) return failHttp({ tag: "HTTP-request-URI-invalid" });
  const port = parsed.port ?? (secure ? 443 : 80);
  const path = pathWithQuery?.startsWith("?") ? `/${pathWithQuery}` : pathWithQuery || "/";
  const { host } = parsed;
  const address = host.text.includes(":") ? `[${host.text}]` : host.text;
  const shownPort = parsed.port === undefined ? "" : `:${parsed.port}`;
  // As it was understood: a guest can write addresses in ways that people do not recognize.
  const origin = `${secure ? "https" : "http"}://${address}${shownPort}`;
  return { secure, host, port, path, origin, display: `${origin}${path.replace(/\?.*$/s, "")}` };
}
