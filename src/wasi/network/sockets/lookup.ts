import { Resource } from "../../handles.js";
import { Pollable, type Readiness } from "../../poll.js";
import { type Host, type IpAddress, parseHost, toIpAddress, toIpAddresses } from "../addresses.js";
import { failSocket, type SocketError, socketErrorOf } from "../failure.js";
import type { NetworkContext } from "../network-context.js";
import type { NetworkFailure } from "../protocol.js";

const INTERFACE = "wasi:sockets/ip-name-lookup";

export class ResolveAddressStream extends Resource {
  readonly #context: NetworkContext;
  readonly #name: string;
  readonly #readiness: Readiness;
  #result: IpAddress[] | SocketError | undefined;

  constructor(context: NetworkContext, host: Host) {
    const createdBy = `${INTERFACE}#resolve-addresses`;
    super(context.handles, { type: "resolve-address-stream", interface: INTERFACE }, { createdBy, detail: host.text });
    this.#context = context;
    this.#name = host.text;
    const isReady = () => {
      if (this.#result === undefined) context.thread.update();
      return this.#result !== undefined;
    };
    this.#readiness = { isReady, outside: context.thread };
    // WIT: such a name is "parsed", and no one is asked.
    if (host.isAddress) this.#result = [toIpAddress(host.text)];
    else
      resolve(context, host.text, (result) => {
        this.#result = Array.isArray(result) ? result : socketErrorOf(result);
      });
  }

  resolveNextAddress(): IpAddress | undefined {
    if (!this.#readiness.isReady()) failSocket("would-block");
    const result = this.#result as IpAddress[] | SocketError;
    return typeof result === "string" ? failSocket(result) : result.shift();
  }

  subscribe(): Pollable {
    const createdBy = `${INTERFACE}#[method]resolve-address-stream.subscribe`;
    return new Pollable(this.#context, this.#readiness, { createdBy, detail: this.#name });
  }
}

/** A name that the guest may look up, or an address. */
export function allowedName({ destinations, log }: NetworkContext, name: string): Host {
  const host = parseHost(name.includes(":") ? `[${name}]` : name);
  if (host === undefined) return failSocket("invalid-argument");
  if (!host.isAddress && !destinations.allowsLookup(host.text)) {
    log.refused({ kind: "lookup", to: host.text, error: "access-denied" });
    return failSocket("access-denied");
  }
  return host;
}

/** Asks what a name means. */
export function resolve(
  { thread, destinations, log }: NetworkContext,
  name: string,
  onResult: (result: IpAddress[] | NetworkFailure) => void,
): void {
  if (!thread.hasRoom) {
    onResult({ code: "EAI_AGAIN", message: "too many names are being looked up" });
    return;
  }
  const entry = log.reached({ kind: "lookup", to: name });
  const connection = thread.open({ op: "resolve", name }, (event) => {
    if (event.event === "resolved") {
      destinations.noteResolved(
        name,
        event.addresses.map(({ address }) => address),
      );
      onResult(toIpAddresses(event.addresses));
    } else if (event.event === "failed") {
      entry.error = socketErrorOf(event);
      onResult(event);
    }
    connection.send({ op: "close" });
  });
}

export function createNameLookup(context: NetworkContext) {
  return {
    ResolveAddressStream,
    resolveAddresses(_network: unknown, name: string): ResolveAddressStream {
      return new ResolveAddressStream(context, allowedName(context, name));
    },
  };
}
