import { failSocket } from "../failure.js";

type OptionName =
  | "hopLimit"
  | "keepAliveCount"
  | "keepAliveEnabled"
  | "keepAliveIdleTime"
  | "keepAliveInterval"
  | "receiveBufferSize"
  | "sendBufferSize";

/** What Linux starts with. Durations are in nanoseconds. */
const DEFAULTS = {
  hopLimit: 64,
  keepAliveCount: 9,
  keepAliveEnabled: false,
  keepAliveIdleTime: 7_200_000_000_000n,
  keepAliveInterval: 75_000_000_000n,
  receiveBufferSize: 65_536n,
  sendBufferSize: 65_536n,
} satisfies Record<OptionName, number | bigint | boolean>;

type Values = {
  -readonly [K in OptionName]: (typeof DEFAULTS)[K] extends boolean
    ? boolean
    : (typeof DEFAULTS)[K] extends number
      ? number
      : bigint;
};

/**
 * The options of a socket, kept and given back: Node sets hardly any of them, and none matters to connections that do not
 * outlive initialization.
 */
export class SocketOptions {
  readonly #values: Values = { ...DEFAULTS };

  get<K extends OptionName>(name: K): Values[K] {
    return this.#values[name];
  }

  /** WIT, of all numbers among them: `invalid-argument` when "the provided value was 0". */
  set<K extends OptionName>(name: K, value: Values[K]): void {
    if (value === 0 || value === 0n) failSocket("invalid-argument");
    this.#values[name] = value;
  }
}
