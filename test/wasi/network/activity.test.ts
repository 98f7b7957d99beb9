import { expect, test } from "vitest";
import { ActivityLog } from "../../../src/wasi/network/activity.js";

const refused = (to: string) => ({ kind: "udp", to, error: "access-denied" }) as const;

test("refusals are listed once, and do not hide what was reached", () => {
  const log = new ActivityLog();
  for (let i = 0; i < 1200; i++) log.addOnce(refused(String(i)));
  log.addOnce(refused("0"));
  log.add({ kind: "http", to: "http://a.example/" });
  const list = log.list();
  expect(list).toHaveLength(1002);
  expect(list.slice(-2)).toEqual([
    { kind: "http", to: "http://a.example/" },
    { kind: "more", to: "200" },
  ]);
});

test("what is not listed is counted", () => {
  const log = new ActivityLog();
  for (let i = 0; i < 100_003; i++) log.add({ kind: "lookup", to: "a" });
  expect(log.list().at(-1)).toEqual({ kind: "more", to: "3" });
});
