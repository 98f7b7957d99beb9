/** What the host's thread asks of the network's thread, and what that answers. Types only: each thread loads its own code. */

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Names with their values, both as Latin-1: one character is one byte. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

export interface HttpRequest {
  readonly secure: boolean;
  /** A name or an address, without the brackets of IPv6. */
  readonly host: string;
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly headers: HeaderList;
  /** Whether `write` and `end` commands will follow. */
  readonly hasBody: boolean;
  /** In milliseconds. */
  readonly connectTimeout: number;
  readonly firstByteTimeout: number;
  readonly betweenBytesTimeout: number;
}

/** Those that open something. */
export type OpenCommand =
  | { readonly op: "resolve"; readonly name: string }
  | { readonly op: "connect"; readonly remote: Endpoint; readonly local?: Endpoint | undefined }
  | { readonly op: "bind"; readonly family: 4 | 6; readonly local: Endpoint }
  | { readonly op: "request"; readonly request: HttpRequest };

/** Those for something that is open. */
export type Command =
  | { readonly op: "write"; readonly bytes: Uint8Array }
  | { readonly op: "send"; readonly bytes: Uint8Array; readonly to: Endpoint }
  /** No more `write` follows. */
  | { readonly op: "end"; readonly trailers: HeaderList }
  /** The guest has read so many of the bytes of `data` and `datagram`. */
  | { readonly op: "taken"; readonly count: number }
  | { readonly op: "close" };

export interface NetworkFailure {
  /** A system error (`ECONNREFUSED`), another code of Node's, or one of `CONNECT_TIMEOUT`, `READ_TIMEOUT`, `TRAILER_OVERFLOW`. */
  readonly code: string;
  readonly message: string;
}

export type NetworkEvent =
  | { readonly event: "resolved"; readonly name: string; readonly addresses: readonly ResolvedAddress[] }
  | { readonly event: "connected"; readonly local: Endpoint }
  | { readonly event: "bound"; readonly local: Endpoint }
  | { readonly event: "response"; readonly status: number; readonly headers: HeaderList }
  | { readonly event: "data"; readonly bytes: Uint8Array }
  | { readonly event: "datagram"; readonly bytes: Uint8Array; readonly from: Endpoint }
  /** The peer sends no more. */
  | { readonly event: "end"; readonly trailers: HeaderList }
  /** So many bytes of `write` have left. */
  | { readonly event: "written"; readonly count: number }
  | ({ readonly event: "failed" } & NetworkFailure);

export type ToNetwork = { readonly id: number } & (OpenCommand | Command);
/** `closed` is the last one: nothing is left of it. */
export type FromNetwork = { readonly id: number } & (NetworkEvent | { readonly event: "closed" });
