import { describe, expect, test } from "vitest";
import { createWasi } from "../../src/wasi/index.js";
import { type ByteReader, deliver, receive } from "../../src/wasi/streams03.js";

const ORIGIN = { createdBy: "wasi:local/test#read" };

function source(values: readonly number[]) {
  const rest = values.values();
  const released: string[] = [];
  const [stream, end] = deliver(ORIGIN, () => ({
    pull: () => rest.next().value,
    release: () => released.push("once"),
  }));
  return { stream, end, released };
}

describe("a stream to the guest", () => {
  test("gives all, then ends and lets go", async () => {
    const { stream, end, released } = source([1, 2]);
    expect([...stream]).toEqual([1, 2]);
    await expect(end).resolves.toBeUndefined();
    stream.return();
    expect(released).toEqual(["once"]);
  });

  test("lets go when the guest drops it before it has read anything", async () => {
    const { stream, end, released } = source([1]);
    stream.return();
    await expect(end).resolves.toBeUndefined();
    expect(released).toEqual(["once"]);
    expect([...stream]).toEqual([]);
  });

  test("has nothing when it cannot be opened", async () => {
    const [stream, end] = deliver(ORIGIN, () => {
      throw "no-entry";
    });
    await expect(end).rejects.toEqual({ tag: "no-entry" });
    expect([...stream]).toEqual([]);
  });

  test("ends where its source fails", async () => {
    const released: string[] = [];
    const pull = () => {
      throw "io";
    };
    const [stream, end] = deliver(ORIGIN, () => ({ pull, release: () => released.push("once") }));
    expect([...stream]).toEqual([]);
    await expect(end).rejects.toEqual({ tag: "io" });
    expect(released).toEqual(["once"]);
  });
});

/** A guest's stream, which says when it is dropped. */
function guestStream(pieces: readonly string[]) {
  const rest = pieces.values();
  const state = { dropped: 0 };
  const data: ByteReader = {
    read: async () => {
      const { value, done } = rest.next();
      return done ? { done: true } : { value: Buffer.from(value), done: false };
    },
    [Symbol.dispose]: () => {
      state.dropped++;
    },
  };
  return { data, state };
}

describe("a stream from the guest", () => {
  test("is taken to its end, and dropped", async () => {
    const { data, state } = guestStream(["one", " ", "two"]);
    let text = "";
    await receive(data, () => ({ sink: (bytes) => (text += Buffer.from(bytes).toString()) }));
    expect([text, state.dropped]).toEqual(["one two", 1]);
  });

  test("is dropped where it cannot be taken", async () => {
    const { data, state } = guestStream(["one"]);
    const released: string[] = [];
    const sink = () => {
      throw "insufficient-space";
    };
    const end = receive(data, () => ({ sink, release: () => released.push("once") }));
    await expect(end).rejects.toEqual({ tag: "insufficient-space" });
    expect([state.dropped, released]).toEqual([1, ["once"]]);
  });

  test("is dropped where there is nothing to take it", async () => {
    const { data, state } = guestStream(["one"]);
    const end = receive(data, () => {
      throw "bad-descriptor";
    });
    await expect(end).rejects.toEqual({ tag: "bad-descriptor" });
    expect(state.dropped).toBe(1);
  });
});

test("0.2 and 0.3 read the same stdin", () => {
  const stdin = Buffer.from("0123456789");
  const { imports } = createWasi({ args: [], env: {}, stdin, preopens: [], onOutput: () => undefined });
  const { getStdin } = imports["wasi:cli/stdin"] as { getStdin(): { read(length: bigint): Uint8Array } };
  const { readViaStream } = imports["wasi:cli/stdin@0.3"] as { readViaStream(): [Iterable<Uint8Array>] };
  expect(Buffer.from(getStdin().read(4n)).toString()).toBe("0123");
  expect(Buffer.concat([...readViaStream()[0]]).toString()).toBe("456789");
});
