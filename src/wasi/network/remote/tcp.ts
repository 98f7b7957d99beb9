import { createConnection, type TcpNetConnectOpts } from "node:net";
import type { Endpoint } from "../protocol.js";
import { failed, Inflow, type Post, type Remote } from "./remote.ts";

export function connect(remote: Endpoint, local: Endpoint | undefined, post: Post, onClosed: () => void): Remote {
  const options: TcpNetConnectOpts = { host: remote.address, port: remote.port, allowHalfOpen: true, noDelay: true };
  if (local !== undefined) Object.assign(options, { localAddress: local.address, localPort: local.port });
  const socket = createConnection(options);
  let inflow: Inflow | undefined;
  socket.on("connect", () => {
    post({ event: "connected", local: { address: socket.localAddress ?? "", port: socket.localPort ?? 0 } });
    inflow = new Inflow(socket, post);
  });
  socket.on("end", () => post({ event: "end", trailers: [] }));
  socket.on("error", (error) => post(failed(error)));
  socket.on("close", onClosed);
  return {
    handle(command) {
      if (command.op === "write") {
        const count = command.bytes.length;
        socket.write(command.bytes, (error) => error ?? post({ event: "written", count }));
      } else if (command.op === "end") socket.end();
      else if (command.op === "taken") inflow?.taken(command.count);
      else if (command.op === "close") {
        inflow?.end();
        // What was written leaves first; what still comes is for no one.
        socket.resume();
        socket.destroySoon();
      }
    },
  };
}
