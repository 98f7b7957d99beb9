import type { HandleOrigin } from "../../handles.js";
import type { NetworkContext } from "../network-context.js";
import type { HeaderList } from "../protocol.js";
import type { Fields } from "./fields.js";

export const TYPES = "wasi:http/types";

export interface HttpContext extends NetworkContext {
  /** Fields of the class that the glue knows: guests construct some themselves. */
  newFields(list: HeaderList, isMutable: boolean, origin: HandleOrigin): Fields;
}
