import type { NetworkFailure } from "./protocol.js";

/** The cases of `error-code` in `wasi:sockets/network` that this host gives. */
export type SocketError =
  | "unknown"
  | "access-denied"
  | "not-supported"
  | "invalid-argument"
  | "timeout"
  | "not-in-progress"
  | "would-block"
  | "invalid-state"
  | "new-socket-limit"
  | "address-not-bindable"
  | "address-in-use"
  | "remote-unreachable"
  | "connection-refused"
  | "connection-reset"
  | "connection-aborted"
  | "datagram-too-large"
  | "name-unresolvable"
  | "temporary-resolver-failure"
  | "permanent-resolver-failure";

/** Throws the bare code: that is the error case of a `result`. */
export function failSocket(code: SocketError): never {
  throw code;
}

const SOCKET_ERRORS: Readonly<Record<string, SocketError>> = {
  EACCES: "access-denied",
  EADDRINUSE: "address-in-use",
  EADDRNOTAVAIL: "address-not-bindable",
  EAI_AGAIN: "temporary-resolver-failure",
  EAI_FAIL: "permanent-resolver-failure",
  ECONNABORTED: "connection-aborted",
  ECONNREFUSED: "connection-refused",
  ECONNRESET: "connection-reset",
  EHOSTUNREACH: "remote-unreachable",
  EMFILE: "new-socket-limit",
  EMSGSIZE: "datagram-too-large",
  ENETUNREACH: "remote-unreachable",
  ENOTFOUND: "name-unresolvable",
  EPERM: "access-denied",
  EPIPE: "connection-reset",
  ETIMEDOUT: "timeout",
};

export function socketErrorOf({ code }: NetworkFailure): SocketError {
  return SOCKET_ERRORS[code] ?? "unknown";
}

/** The cases of `error-code` in `wasi:http/types` that this host gives. */
export type HttpError =
  | { readonly tag: "DNS-error"; readonly val: { readonly rcode: string; readonly infoCode: undefined } }
  | { readonly tag: "destination-IP-unroutable" }
  | { readonly tag: "connection-refused" }
  | { readonly tag: "connection-terminated" }
  | { readonly tag: "connection-limit-reached" }
  | { readonly tag: "connection-timeout" }
  | { readonly tag: "connection-read-timeout" }
  | { readonly tag: "TLS-protocol-error" }
  | { readonly tag: "TLS-certificate-error" }
  | { readonly tag: "HTTP-request-denied" }
  | { readonly tag: "HTTP-request-URI-invalid" }
  | { readonly tag: "HTTP-request-URI-too-long" }
  | { readonly tag: "HTTP-request-header-section-size"; readonly val: number | undefined }
  | { readonly tag: "HTTP-request-body-size"; readonly val: bigint | undefined }
  | { readonly tag: "HTTP-response-header-section-size"; readonly val: undefined }
  | { readonly tag: "HTTP-response-trailer-section-size"; readonly val: undefined }
  | { readonly tag: "HTTP-protocol-error" }
  | { readonly tag: "internal-error"; readonly val: string };

export function failHttp(error: HttpError): never {
  throw error;
}

/** The timeouts' codes are those that Wasmtime gives for them. */
const HTTP_ERRORS: Readonly<Record<string, HttpError>> = {
  BODY_SIZE: { tag: "HTTP-request-body-size", val: undefined },
  CONNECT_TIMEOUT: { tag: "connection-timeout" },
  ECONNREFUSED: { tag: "connection-refused" },
  ECONNRESET: { tag: "connection-terminated" },
  EHOSTUNREACH: { tag: "destination-IP-unroutable" },
  ENETUNREACH: { tag: "destination-IP-unroutable" },
  EPIPE: { tag: "connection-terminated" },
  EPROTO: { tag: "TLS-protocol-error" },
  ETIMEDOUT: { tag: "connection-timeout" },
  HPE_HEADER_OVERFLOW: { tag: "HTTP-response-header-section-size", val: undefined },
  TRAILER_OVERFLOW: { tag: "HTTP-response-trailer-section-size", val: undefined },
  READ_TIMEOUT: { tag: "connection-read-timeout" },
};

export function httpErrorOf({ code, message }: NetworkFailure): HttpError {
  const known = HTTP_ERRORS[code];
  if (known !== undefined) return known;
  if (code.startsWith("HPE_")) return { tag: "HTTP-protocol-error" };
  if (code.startsWith("ERR_SSL_")) return { tag: "TLS-protocol-error" };
  if (/CERT|SIGNATURE|^ERR_TLS/.test(code)) return { tag: "TLS-certificate-error" };
  if (code.startsWith("EAI_") || code === "ENOTFOUND")
    return { tag: "DNS-error", val: { rcode: code, infoCode: undefined } };
  return { tag: "internal-error", val: message };
}
