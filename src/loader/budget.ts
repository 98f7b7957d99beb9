import { failDl } from "../dlopen/interface.js";

/** Of all libraries that a run opens, closed ones too: nothing of what V8 has compiled goes before the run ends. */
const MAX_LIBRARIES = 10_000;
const MAX_BYTES = 2 ** 30;

/** What a guest can still make the host load. */
export class LoadBudget {
  #libraries = MAX_LIBRARIES;
  #bytes = MAX_BYTES;

  /**
   * To be asked before a library is read.
   *
   * @throws DlError
   */
  take(bytes: number, name: string): void {
    if (this.#libraries < 1)
      failDl(`Error loading shared library ${name}: ${MAX_LIBRARIES} libraries have been opened`);
    if (bytes > this.#bytes) failDl(`Error loading shared library ${name}: its ${bytes} bytes are too many`);
    this.#libraries--;
    this.#bytes -= bytes;
  }

  /** @returns takes nothing for all that was taken meanwhile */
  mark(): () => void {
    const [libraries, bytes] = [this.#libraries, this.#bytes];
    return () => {
      this.#libraries = libraries;
      this.#bytes = bytes;
    };
  }
}
