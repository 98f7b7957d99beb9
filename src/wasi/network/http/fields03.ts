import type { HandleOrigin } from "../../handles.js";
import type { NetworkContext } from "../network-context.js";
import type { HeaderList } from "../protocol.js";
import { FieldsResource, failHeader } from "./fields.js";

export const TYPES03 = "wasi:http/types@0.3";

/** What makes fields of the class that is provided: guests construct some themselves. */
export interface FieldsContext03 extends NetworkContext {
  newFields(list: HeaderList, isMutable: boolean, origin: HandleOrigin): Fields03;
}

/** The resource of WASI 0.3. */
export class Fields03 extends FieldsResource {
  readonly #context: FieldsContext03;

  constructor(context: FieldsContext03, list: HeaderList, isMutable: boolean, origin: HandleOrigin) {
    super(context.handles, TYPES03, list, isMutable, origin);
    this.#context = context;
  }

  getAndDelete(name: string): Uint8Array[] {
    const values = this.get(name);
    this.delete(name);
    return values;
  }

  copyAll(): [string, Uint8Array][] {
    return this.allEntries();
  }

  clone(): Fields03 {
    return this.#context.newFields(this.list, true, { createdBy: `${TYPES03}#[method]fields.clone` });
  }

  protected override failSize(): never {
    return failSize03();
  }
}

export function failSize03(): never {
  return failHeader({ tag: "size-exceeded" });
}
