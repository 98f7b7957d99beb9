import { createSocket } from "node:dgram";
import type { Endpoint } from "../protocol.js";
import { ahead, failed, type Post, type Remote, WINDOW } from "./remote.ts";

/** How many datagrams may wait for the guest: anyone can send, and even an empty one takes memory. */
const MAX_WAITING = 1024;

export function bind(family: 4 | 6, local: Endpoint, post: Post, onClosed: () => void): Remote {
  const socket = createSocket({ type: family === 4 ? "udp4" : "udp6", ipv6Only: family === 6 });
  let own = 0;
  let waiting = 0;
  let unsent = 0;
  let isClosing = false;
  const count = (bytes: number) => {
    own += bytes;
    if (bytes > 0) ahead.add(bytes);
    else ahead.take(-bytes);
  };
  const closeWhenSent = () => isClosing && unsent === 0 && socket.close();
  socket.on("listening", () => {
    const { address, port } = socket.address();
    post({ event: "bound", local: { address, port } });
  });
  socket.on("message", (bytes, { address, port }) => {
    // As a full socket buffer does.
    if (isClosing || ahead.isFull || own + bytes.length > WINDOW || waiting >= MAX_WAITING) return;
    count(bytes.length);
    waiting++;
    post({ event: "datagram", bytes: new Uint8Array(bytes), from: { address, port } });
  });
  socket.on("error", (error) => post(failed(error)));
  socket.on("close", onClosed);
  socket.bind({ address: local.address, port: local.port, exclusive: true });
  return {
    handle(command) {
      if (command.op === "send") {
        const { bytes, to } = command;
        unsent++;
        socket.send(bytes, to.port, to.address, (error) => {
          unsent--;
          closeWhenSent();
          post(error ? failed(error) : { event: "written", count: bytes.length });
        });
      } else if (command.op === "taken") {
        count(-command.count);
        waiting--;
      } else if (command.op === "close") {
        isClosing = true;
        count(-own);
        closeWhenSent();
      }
    },
  };
}
