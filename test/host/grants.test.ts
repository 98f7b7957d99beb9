import { describe, expect, test } from "vitest";
import type { ValueType } from "../../src/component/value-types.js";
import { denialOf, grantOf } from "../../src/host/grants.js";

const item = (name: string, error?: ValueType) => ({
  name,
  functions: ["f"],
  resources: [],
  errors: new Map(error === undefined ? [] : [["f", error]]),
});

describe("what denies a call", () => {
  test.each<[string, ValueType | undefined, unknown]>([
    ["wasi:sockets/tcp@0.2.0", { kind: "enum", labels: ["unknown", "access-denied"] }, "access-denied"],
    ["wasi:sockets/types@0.3.0", { kind: "variant", cases: [{ name: "access-denied" }] }, { tag: "access-denied" }],
    [
      "wasi:http/outgoing-handler@0.2.0",
      { kind: "variant", cases: [{ name: "DNS-timeout" }, { name: "HTTP-request-denied" }] },
      { tag: "HTTP-request-denied" },
    ],
    ["wasi:a/b", { kind: "variant", cases: [{ name: "access-denied", type: { kind: "string" } }] }, undefined],
    ["wasi:a/b", { kind: "enum", labels: ["unknown"] }, undefined],
    ["wasi:a/b", { kind: "string" }, undefined],
    ["wasi:a/b", undefined, undefined],
    ["local:a/b", { kind: "enum", labels: ["access-denied"] }, undefined],
  ])("of %s, which fails with %j: %j", (name, error, denial) => {
    expect(denialOf(item(name, error), "f")).toEqual(denial);
  });
});

test.each([
  ["wasi:sockets/tcp@0.2.0", "--allow-network"],
  ["wasi:http/types@0.2.0", "--allow-network"],
  ["wasi:http/client@0.3.0", "--allow-network"],
  ["wasi:http/handler@0.3.0", "--import wasi:http/handler@0.3.0=FILE.js"],
  ["wasi:keyvalue/store", "--import wasi:keyvalue/store=FILE.js"],
  ["wasi:httpx/a", "--import wasi:httpx/a=FILE.js"],
  ["answer", "--import answer=FILE.js"],
])("%s is granted by %s", (name, grant) => {
  expect(grantOf(item(name))).toBe(grant);
});
