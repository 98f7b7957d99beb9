import type { HandleOrigin } from "../../handles.js";
import type { IoError } from "../../io-error.js";
import { type HttpError, httpErrorOf } from "../failure.js";
import type { NetworkContext } from "../network-context.js";
import type { HeaderList } from "../protocol.js";
import { Exchange } from "./exchange.js";
import { checkedFields, Fields, type HttpContext, TYPES } from "./fields.js";
import { FutureIncomingResponse, FutureTrailers, IncomingBody, IncomingResponse } from "./incoming-response.js";
import { OutgoingBody } from "./outgoing-body.js";
import { OutgoingRequest } from "./outgoing-request.js";
import { RequestOptions, timeoutsOf } from "./request-options.js";

/** `fields` as guests make them. */
export interface FieldsClass {
  new (): Fields;
  fromList(entries: readonly (readonly [string, Uint8Array])[]): Fields;
}

export interface HttpImports {
  readonly "wasi:http/types": {
    readonly Fields: FieldsClass;
    readonly FutureIncomingResponse: typeof FutureIncomingResponse;
    readonly FutureTrailers: typeof FutureTrailers;
    readonly IncomingBody: typeof IncomingBody;
    readonly IncomingResponse: typeof IncomingResponse;
    readonly OutgoingBody: typeof OutgoingBody;
    readonly OutgoingRequest: new (headers: Fields) => OutgoingRequest;
    readonly RequestOptions: new () => RequestOptions;
    httpErrorCode(error: IoError): HttpError | undefined;
  };
  readonly "wasi:http/outgoing-handler": {
    handle(request: OutgoingRequest, options?: RequestOptions): FutureIncomingResponse;
  };
}

/** `wasi:http` for outgoing requests; what serves requests is not there while initializing. */
export function createHttp(network: NetworkContext): HttpImports {
  // Guests call constructors with WIT's arguments, so these classes know their host.
  class GuestFields extends Fields {
    constructor(
      list: HeaderList = [],
      isMutable = true,
      origin: HandleOrigin = { createdBy: `${TYPES}#[constructor]fields` },
    ) {
      super(context, list, isMutable, origin);
    }

    static fromList(entries: readonly (readonly [string, Uint8Array])[]): Fields {
      return new GuestFields(checkedFields(entries), true, { createdBy: `${TYPES}#[static]fields.from-list` });
    }
  }
  const context: HttpContext = {
    ...network,
    newFields: (list, isMutable, origin) => new GuestFields(list, isMutable, origin),
  };
  class GuestOutgoingRequest extends OutgoingRequest {
    constructor(headers: Fields) {
      super(context, headers);
    }
  }
  class GuestRequestOptions extends RequestOptions {
    constructor() {
      super(context);
    }
  }
  return {
    "wasi:http/types": {
      Fields: GuestFields,
      FutureIncomingResponse,
      FutureTrailers,
      IncomingBody,
      IncomingResponse,
      OutgoingBody,
      OutgoingRequest: GuestOutgoingRequest,
      RequestOptions: GuestRequestOptions,
      httpErrorCode: ({ network }: IoError): HttpError | undefined => network && httpErrorOf(network),
    },
    "wasi:http/outgoing-handler": {
      handle(request: OutgoingRequest, options: RequestOptions | undefined): FutureIncomingResponse {
        try {
          return new FutureIncomingResponse(context, new Exchange(context, request.take(), timeoutsOf(options)));
        } finally {
          options?.[Symbol.dispose]();
        }
      },
    },
  };
}
