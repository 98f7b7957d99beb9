import { describe, expect, test } from "vitest";
import { ActivityLog, networkWarnings, refusals } from "../../../src/wasi/network/activity.js";

const refused = (to: string) => ({ kind: "udp", to, error: "access-denied" }) as const;

describe("what the guest asked of the network", () => {
  test("is listed in order, equal refusals and equal peers once", () => {
    const log = new ActivityLog();
    log.refused(refused("a"));
    log.peer("b");
    log.refused(refused("a"));
    log.peer("b");
    Object.assign(log.reached({ kind: "http", to: "http://c/", method: "GET" }), { status: 200 });
    log.refused(refused("d"));
    expect(log.list()).toEqual([
      refused("a"),
      { kind: "udp", to: "b" },
      { kind: "http", to: "http://c/", method: "GET", status: 200 },
      refused("d"),
    ]);
  });

  test("refusals do not hide what was reached, and are counted", () => {
    const log = new ActivityLog();
    for (let i = 0; i < 1200; i++) log.refused(refused(String(i)));
    log.refused(refused("0"));
    log.peer("127.0.0.1:7");
    log.reached({ kind: "http", to: "http://a.example/" });
    const list = log.list();
    expect(list).toHaveLength(1003);
    expect(list.slice(-3)).toEqual([
      { kind: "udp", to: "127.0.0.1:7" },
      { kind: "http", to: "http://a.example/" },
      { kind: "more", to: "200", error: "access-denied" },
    ]);
  });

  test("what has no place in the list is counted by its destination, and destinations beyond those together", () => {
    const log = new ActivityLog();
    for (let i = 0; i < 10_003; i++) log.reached({ kind: "http", to: `http://a/${i}`, method: "GET" }, "http://a");
    log.peer("127.0.0.1:7");
    for (let i = 0; i < 1000; i++) log.reached({ kind: "tcp", to: `127.0.0.1:${i}` });
    const list = log.list();
    expect(list).toHaveLength(10_000 + 1000 + 1);
    expect(list.slice(10_000, 10_003)).toEqual([
      { kind: "http", to: "http://a", more: 3 },
      { kind: "udp", to: "127.0.0.1:7", more: 1 },
      { kind: "tcp", to: "127.0.0.1:0", more: 1 },
    ]);
    expect(list.at(-1)).toEqual({ kind: "more", to: "2" });
    expect(networkWarnings(list)[0]).toContain("(http://a/0 and 11003 more)");
  });

  test("texts have an end", () => {
    const log = new ActivityLog();
    const long = `http://a/${"x".repeat(5000)}`;
    log.reached({ kind: "http", to: long, method: "M".repeat(5000) });
    log.refused({ kind: "http", to: long, method: "M".repeat(5000), error: "HTTP-request-denied" });
    for (const { to, method } of log.list()) {
      expect(to).toBe(`${long.slice(0, 1000)}… (4009 more characters)`);
      expect(method).toBe(`${"M".repeat(100)}… (4900 more characters)`);
    }
    // Others that begin in the same way are not the same.
    for (const end of ["a", "b", "b"]) log.refused({ kind: "http", to: `${long}${end}`, error: "HTTP-request-denied" });
    expect(log.list()).toHaveLength(4);
  });
});

describe("the warning", () => {
  const warningsOf = (fill: (log: ActivityLog) => void) => {
    const log = new ActivityLog();
    fill(log);
    return networkWarnings(log.list());
  };

  test("is about what was reached, not about what was refused, however often", () => {
    const refuse = (log: ActivityLog) => {
      for (let i = 0; i < 1500; i++) log.refused(refused(String(i)));
    };
    expect(warningsOf(refuse)).toEqual([]);
    const both = (log: ActivityLog) => {
      refuse(log);
      log.reached({ kind: "tcp-bind", to: "127.0.0.1:1" });
      log.peer("127.0.0.1:7");
    };
    expect(warningsOf(both)).toEqual([
      "initialization used the network (127.0.0.1:7): the output depends on what it found there",
    ]);
  });

  test("is about ports where nothing was reached", () => {
    const bind = (log: ActivityLog) => {
      log.reached({ kind: "udp-bind", to: "127.0.0.1:1" });
      log.reached({ kind: "udp-bind", to: "127.0.0.1:2" }).error = "address-in-use";
    };
    expect(warningsOf(bind)).toEqual([
      "initialization bound ports of this machine (127.0.0.1:1 and 1 more): the output depends on which of them were free",
    ]);
  });
});

test("the lines below an error show the first refusals, and count the others", () => {
  const log = new ActivityLog();
  for (let i = 0; i < 1200; i++) log.refused(refused(String(i)));
  const lines = refusals(log.list());
  expect(lines).toHaveLength(1 + 40 + 1);
  expect(lines.slice(0, 2)).toEqual(["the network refused, because --allow-network does not name them:", "  udp 0"]);
  expect(lines.at(-1)).toBe("  … 1160 more");
});
