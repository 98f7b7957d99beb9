import { expect, test } from "vitest";
import { errorCodeOf, lookupErrorOf } from "../../../src/wasi/network/sockets/error-code03.js";

const failure = (code: string) => ({ code, message: "as the system says" });
const OTHER = { tag: "other", val: "as the system says" };

test.each([
  ["ECONNREFUSED", { tag: "connection-refused" }],
  ["EPIPE", { tag: "connection-broken" }],
  // For these sockets of 0.3 have no case.
  ["EMFILE", OTHER],
  ["ENOTFOUND", OTHER],
  ["EWHATEVER", OTHER],
])("a socket fails by %s with %j", (code, error) => {
  expect(errorCodeOf(failure(code))).toEqual(error);
});

test.each([
  ["ENOTFOUND", { tag: "name-unresolvable" }],
  ["EAI_AGAIN", { tag: "temporary-resolver-failure" }],
  ["EAI_FAIL", { tag: "permanent-resolver-failure" }],
  ["ETIMEDOUT", OTHER],
])("a look-up fails by %s with %j", (code, error) => {
  expect(lookupErrorOf(failure(code))).toEqual(error);
});
