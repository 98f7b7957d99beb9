import { setImmediate } from "node:timers/promises";
import { type Call, type Cancellable, cancellable, checkCancelled } from "../../call03.js";
import type { HandleOrigin } from "../../handles.js";
import type { RealTime } from "../../real-time.js";
import { type HttpError, httpErrorOf } from "../failure.js";
import { sendThrough } from "../network-streams03.js";
import type { HeaderList, NetworkFailure } from "../protocol.js";
import { type Body, type GuestBody, ResponseBody } from "./body03.js";
import { Exchange } from "./exchange.js";
import { withoutForbidden } from "./fields.js";
import type { FieldsContext03 } from "./fields03.js";
import { RequestBody } from "./outgoing-body.js";
import { toTimeouts } from "./request-options.js";
import type { OptionsContext03 } from "./request-options03.js";
import type { Request03 } from "./request03.js";
import type { Response03 } from "./response03.js";

/** What the parts of `wasi:http` of WASI 0.3 share. */
export interface HttpContext03 extends FieldsContext03, OptionsContext03 {
  readonly realTime: RealTime;
  /** Of the class that is provided. */
  newResponse(status: number, headers: HeaderList, body: Body, origin: HandleOrigin): Response03;
}

const BAD_LENGTH: NetworkFailure = { code: "BODY_SIZE", message: "the body is not as long as its header says" };
const NO_TRAILERS: NetworkFailure = { code: "", message: "the request's trailers ended in an error" };

const CANCELLED: HttpError = { tag: "internal-error", val: "the request was cancelled" };

/** Sends a request, and gives the response as soon as its headers have come. */
export function send(context: HttpContext03, request: Request03): Cancellable<Response03> {
  let response: Response03 | undefined;
  const run = async (call: Call) => (response = await context.realTime.during(sendNow(context, request, call)));
  return cancellable(run, (call) => {
    response?.[Symbol.dispose]();
    context.thread.wake(call);
  });
}

async function sendNow(context: HttpContext03, request: Request03, call: Call): Promise<Response03> {
  const exchange = await open(context, request, call);
  await context.until(() => exchange.made.head !== undefined, call);
  const { head, name } = exchange.made;
  if (call.isCancelled || head === undefined || "tag" in head) {
    exchange.made.close();
    checkCancelled(call);
    throw head;
  }
  const body = new ResponseBody(context, exchange.made, exchange.transmission);
  const origin = { createdBy: "wasi:http/client@0.3#send", detail: name };
  return context.newResponse(head.status, withoutForbidden(head.headers), body, origin);
}

/** @throws an `error-code` */
async function open(context: HttpContext03, request: Request03, call: Call) {
  const { head, headers, durations, body } = request.take();
  const trailers = body.trailers();
  trailers.catch(() => undefined);
  try {
    const { target } = head;
    const hasBody = body.contents !== undefined || !(await isEmpty(trailers));
    checkCancelled(call);
    const outgoing = hasBody ? new RequestBody(context, headers) : undefined;
    const message = { method: head.methodName, target, headers, body: outgoing };
    const made = new Exchange(context, message, toTimeouts(durations ?? {}));
    const transmission = transmit(context, made, body, outgoing, trailers);
    body.settle(transmission);
    return { made, transmission };
  } catch (error) {
    body.contents?.[Symbol.dispose]();
    body.settle(Promise.reject(call.isCancelled ? CANCELLED : error));
    throw error;
  }
}

/**
 * Whether it is clear by now that no trailers follow: then a request without contents need not say that it has a body, as
 * one must that waits for trailers.
 */
async function isEmpty(trailers: Promise<HeaderList>): Promise<boolean> {
  const isNone = trailers.then(
    (list) => list.length === 0,
    () => false,
  );
  return Promise.race([isNone, setImmediate(false)]);
}

/** Sends contents and trailers: over when the server answers, or something fails. */
async function transmit(
  context: HttpContext03,
  exchange: Exchange,
  { contents }: GuestBody,
  outgoing: RequestBody | undefined,
  trailers: Promise<HeaderList>,
): Promise<void> {
  if (outgoing !== undefined) {
    const { outbox } = outgoing;
    if (contents !== undefined) await sendThrough(context, contents, outbox);
    await context.until(() => outbox.flushed.isReady());
    if (typeof outbox.state !== "string") {
      outgoing.abandon(outbox.state);
      throw httpErrorOf(outbox.state);
    }
    const list = await trailers.catch((error: unknown) => {
      outgoing.abandon(NO_TRAILERS);
      throw error;
    });
    outgoing.finish(list, BAD_LENGTH);
  }
  await context.until(() => exchange.head !== undefined);
  if (exchange.head !== undefined && "tag" in exchange.head) throw exchange.head;
}
