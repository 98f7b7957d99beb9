import { join } from "../names.js";

/** Something on the host, wherever it is by now: what is renamed takes all below along. */
export class HostEntry {
  /** @param parent - Absent for the root of a mount, whose name is its real path. */
  constructor(
    public parent: HostEntry | undefined,
    public name: string,
  ) {}

  get path(): string {
    return this.parent === undefined ? this.name : join(this.parent.path, this.name);
  }
}
