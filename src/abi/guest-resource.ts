import { destroyFromHost } from "./destructors.js";
import type { ResourceType } from "./resources.js";
import type { Store } from "./store.js";

/** A resource of a guest that the host was given. */
export class GuestResource {
  #rep: number | undefined;
  readonly #type: ResourceType;
  readonly #isOwn: boolean;
  readonly #store: Store;

  constructor(type: ResourceType, rep: number, isOwn: boolean, store: Store) {
    this.#type = type;
    this.#rep = rep;
    this.#isOwn = isOwn;
    this.#store = store;
  }

  /** @throws TypeError for what is no such resource, or no more */
  static repOf(value: unknown, type: ResourceType, isOwn: boolean): number {
    if (!(value instanceof GuestResource) || value.#type !== type || value.#rep === undefined) {
      throw new TypeError(`a resource ${type.name ?? "of the guest"} was expected from the host`);
    }
    const rep = value.#rep;
    if (isOwn) value.#rep = undefined;
    return rep;
  }

  /** Runs the guest's destructor, when no other code of the guest runs. */
  [Symbol.dispose](): void {
    const rep = this.#rep;
    this.#rep = undefined;
    if (rep !== undefined && this.#isOwn) destroyFromHost(this.#store, this.#type, rep);
  }
}
