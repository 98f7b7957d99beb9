import type { HandleOrigin } from "../../handles.js";
import type { RealTime } from "../../real-time.js";
import type { NetworkContext } from "../network-context.js";
import type { HeaderList } from "../protocol.js";
import type { Body } from "./body03.js";
import type { Fields03 } from "./fields03.js";
import type { Durations } from "./request-options.js";
import type { RequestOptions03 } from "./request-options03.js";
import type { Response03 } from "./response03.js";

export const TYPES03 = "wasi:http/types@0.3";

/** Resources are of the classes that the glue knows: guests construct some themselves. */
export interface HttpContext03 extends NetworkContext {
  readonly realTime: RealTime;
  newFields(list: HeaderList, isMutable: boolean, origin: HandleOrigin): Fields03;
  newOptions(durations: Durations, isMutable: boolean, origin: HandleOrigin): RequestOptions03;
  newResponse(status: number, headers: HeaderList, body: Body, origin: HandleOrigin): Response03;
}
