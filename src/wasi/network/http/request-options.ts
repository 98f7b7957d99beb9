import { Resource } from "../../handles.js";
import type { HttpRequest } from "../protocol.js";
import { type HttpContext, TYPES } from "./fields.js";

/** In nanoseconds. */
export type Duration = bigint | undefined;

/** Wasmtime's, for each of the three. */
const DEFAULT_TIMEOUT_MS = 600_000;

/** What Node's timers can wait. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** How long a request may take, in real time. */
export class RequestOptions extends Resource {
  #connect: Duration;
  #firstByte: Duration;
  #betweenBytes: Duration;

  constructor({ handles }: HttpContext) {
    const createdBy = `${TYPES}#[constructor]request-options`;
    super(handles, { type: "request-options", interface: TYPES }, { createdBy });
  }

  connectTimeout(): Duration {
    return this.#connect;
  }

  setConnectTimeout(duration: Duration): void {
    this.#connect = duration;
  }

  firstByteTimeout(): Duration {
    return this.#firstByte;
  }

  setFirstByteTimeout(duration: Duration): void {
    this.#firstByte = duration;
  }

  betweenBytesTimeout(): Duration {
    return this.#betweenBytes;
  }

  setBetweenBytesTimeout(duration: Duration): void {
    this.#betweenBytes = duration;
  }
}

export type Timeouts = Pick<HttpRequest, "connectTimeout" | "firstByteTimeout" | "betweenBytesTimeout">;

export function timeoutsOf(options: RequestOptions | undefined): Timeouts {
  return toTimeouts({
    connect: options?.connectTimeout(),
    firstByte: options?.firstByteTimeout(),
    betweenBytes: options?.betweenBytesTimeout(),
  });
}

/** As the guest has set them. */
export interface Durations {
  readonly connect?: Duration;
  readonly firstByte?: Duration;
  readonly betweenBytes?: Duration;
}

export function toTimeouts({ connect, firstByte, betweenBytes }: Durations): Timeouts {
  return {
    connectTimeout: toMilliseconds(connect),
    firstByteTimeout: toMilliseconds(firstByte),
    betweenBytesTimeout: toMilliseconds(betweenBytes),
  };
}

function toMilliseconds(duration: Duration): number {
  if (duration === undefined) return DEFAULT_TIMEOUT_MS;
  return Math.min(MAX_TIMEOUT_MS, Math.ceil(Number(duration) / 1e6));
}
