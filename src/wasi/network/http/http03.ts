import type { Cancellable } from "../../call03.js";
import type { HandleOrigin } from "../../handles.js";
import type { RealTime } from "../../real-time.js";
import type { ByteReader } from "../../streams03.js";
import type { NetworkContext } from "../network-context.js";
import type { HeaderList } from "../protocol.js";
import { type Body, type Consumed, GuestBody, type GuestFuture } from "./body03.js";
import { type HttpContext03, send } from "./client03.js";
import { checkedFields } from "./fields.js";
import { Fields03, failSize03, TYPES03 } from "./fields03.js";
import type { Durations } from "./request-options.js";
import { RequestOptions03 } from "./request-options03.js";
import { Request03 } from "./request03.js";
import { Response03 } from "./response03.js";

interface HttpImports03 {
  readonly "wasi:http/types@0.3": {
    readonly Fields: {
      new (): Fields03;
      fromList(entries: readonly (readonly [string, Uint8Array])[]): Fields03;
    };
    readonly Request: {
      "new"(
        headers: Fields03,
        contents: ByteReader | undefined,
        trailers: GuestFuture<Fields03 | undefined>,
        options: RequestOptions03 | undefined,
      ): [Request03, GuestBody["transmission"]];
      consumeBody(request: Request03, result: GuestFuture<void>): Consumed;
    };
    readonly RequestOptions: new () => RequestOptions03;
    readonly Response: {
      "new"(
        headers: Fields03,
        contents: ByteReader | undefined,
        trailers: GuestFuture<Fields03 | undefined>,
      ): [Response03, GuestBody["transmission"]];
      consumeBody(response: Response03, result: GuestFuture<void>): Consumed;
    };
  };
  readonly "wasi:http/client@0.3": { send(request: Request03): Cancellable<Response03> };
}

/** `wasi:http` of WASI 0.3, but for `handler`: that is the next one in a chain of components, and not the network. */
export function createHttp03(network: NetworkContext, realTime: RealTime): HttpImports03 {
  // Guests call constructors and static functions with WIT's arguments, so these classes know their host.
  class Fields extends Fields03 {
    constructor(
      list: HeaderList = [],
      isMutable = true,
      origin: HandleOrigin = { createdBy: `${TYPES03}#[constructor]fields` },
    ) {
      super(context, list, isMutable, origin);
    }

    static fromList(entries: readonly (readonly [string, Uint8Array])[]): Fields {
      const createdBy = `${TYPES03}#[static]fields.from-list`;
      return new Fields(checkedFields(entries, failSize03), true, { createdBy });
    }
  }
  class RequestOptions extends RequestOptions03 {
    constructor(
      durations: Durations = {},
      isMutable = true,
      origin: HandleOrigin = { createdBy: `${TYPES03}#[constructor]request-options` },
    ) {
      super(context, durations, isMutable, origin);
    }
  }
  class Request extends Request03 {
    static new(
      headers: Fields03,
      contents: ByteReader | undefined,
      trailers: GuestFuture<Fields03 | undefined>,
      options: RequestOptions03 | undefined,
    ): [Request, GuestBody["transmission"]] {
      const body = new GuestBody(contents, trailers);
      const request = new Request(context, { headers: headers.list, body, durations: options?.durations });
      headers[Symbol.dispose]();
      options?.[Symbol.dispose]();
      return [request, body.transmission];
    }
  }
  class Response extends Response03 {
    static new(
      headers: Fields03,
      contents: ByteReader | undefined,
      trailers: GuestFuture<Fields03 | undefined>,
    ): [Response, GuestBody["transmission"]] {
      const body = new GuestBody(contents, trailers);
      const createdBy = `${TYPES03}#[static]response.new`;
      const response = new Response(context, 200, headers.list, body, { createdBy });
      headers[Symbol.dispose]();
      return [response, body.transmission];
    }
  }
  const context: HttpContext03 = {
    ...network,
    realTime,
    newFields: (list, isMutable, origin) => new Fields(list, isMutable, origin),
    newOptions: (durations, isMutable, origin) => new RequestOptions(durations, isMutable, origin),
    newResponse: (status: number, headers: HeaderList, body: Body, origin) =>
      new Response(context, status, headers, body, origin),
  };
  return {
    "wasi:http/types@0.3": { Fields, Request, RequestOptions, Response },
    "wasi:http/client@0.3": { send: (request: Request03) => send(context, request) },
  };
}
