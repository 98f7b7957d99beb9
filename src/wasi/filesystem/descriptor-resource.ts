import type { HostContext } from "../context.js";
import { type HandleOrigin, Resource } from "../handles.js";
import type { OpenNode } from "./open-node.js";

/** `descriptor`, of any version of `wasi:filesystem/types`. */
export abstract class DescriptorResource extends Resource {
  protected readonly context: HostContext;
  protected readonly open: OpenNode;
  readonly #interface: string;

  /** @param types - the interface that declares it */
  constructor(context: HostContext, open: OpenNode, types: string, createdBy: string) {
    super(context.handles, { type: "descriptor", interface: types }, { createdBy, detail: open.path });
    this.context = context;
    this.open = open;
    this.#interface = types;
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.open.close();
  }

  protected nameOf(method: string): string {
    return `${this.#interface}#[method]descriptor.${method}`;
  }

  protected origin(method: string): HandleOrigin {
    return { createdBy: this.nameOf(method), detail: this.open.path };
  }
}
