import { type HandleOrigin, Resource } from "../../handles.js";
import type { NetworkContext } from "../network-context.js";
import { TYPES03 } from "./fields03.js";
import type { Duration, Durations } from "./request-options.js";

/** As for fields: what makes options of the class that is provided. */
export interface OptionsContext03 extends NetworkContext {
  newOptions(durations: Durations, isMutable: boolean, origin: HandleOrigin): RequestOptions03;
}

/** How long a request may take, in real time. */
export class RequestOptions03 extends Resource {
  readonly #context: OptionsContext03;
  readonly #isMutable: boolean;
  #durations: Durations;

  constructor(context: OptionsContext03, durations: Durations, isMutable: boolean, origin: HandleOrigin) {
    super(context.handles, { type: "request-options", interface: TYPES03 }, origin);
    this.#context = context;
    this.#durations = durations;
    this.#isMutable = isMutable;
  }

  get durations(): Durations {
    return this.#durations;
  }

  getConnectTimeout(): Duration {
    return this.#durations.connect;
  }

  setConnectTimeout(connect: Duration): void {
    this.#set({ connect });
  }

  getFirstByteTimeout(): Duration {
    return this.#durations.firstByte;
  }

  setFirstByteTimeout(firstByte: Duration): void {
    this.#set({ firstByte });
  }

  getBetweenBytesTimeout(): Duration {
    return this.#durations.betweenBytes;
  }

  setBetweenBytesTimeout(betweenBytes: Duration): void {
    this.#set({ betweenBytes });
  }

  clone(): RequestOptions03 {
    return this.#context.newOptions(this.#durations, true, { createdBy: `${TYPES03}#[method]request-options.clone` });
  }

  #set(changed: Durations): void {
    if (!this.#isMutable) throw { tag: "immutable" };
    this.#durations = { ...this.#durations, ...changed };
  }
}
