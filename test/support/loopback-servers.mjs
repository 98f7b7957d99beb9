// Runs in a thread of its own: while a guest initializes, the test's thread is blocked.
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer } from "node:net";
import { parentPort } from "node:worker_threads";

/** As many as a request asks for, each with a value as long as it says. */
const manyFields = (url) => {
  const value = "v".repeat(Number(url.searchParams.get("length") ?? 1));
  return Array.from({ length: Number(url.searchParams.get("count")) }, (_, i) => [`h${i}`, value]);
};

/** @type {import("node:http").RequestListener} */
const respond = (request, response) => {
  const url = new URL(request.url ?? "/", "http://localhost");
  switch (url.pathname) {
    case "/config.json":
      response.setHeader("content-type", "application/json");
      return response.end('{"value":"from the build"}');
    case "/request": {
      // What came, as it came.
      const { method, rawHeaders } = request;
      const chunks = [];
      request.on("data", (chunk) => chunks.push(chunk));
      return request.on("end", () => {
        const body = Buffer.concat(chunks).toString("latin1");
        response.end(JSON.stringify({ method, url: request.url, rawHeaders, body, rawTrailers: request.rawTrailers }));
      });
    }
    case "/echo":
      response.writeHead(201, [
        ["trailer", "x-end"],
        ["x-two", "1"],
        ["x-two", Buffer.from("é").toString("latin1")],
        ["connection", "close"],
      ]);
      // `flushHeaders` would encode them as UTF-8.
      response.write(Buffer.alloc(0));
      request.on("data", (chunk) => response.write(chunk) || request.pause());
      response.on("drain", () => request.resume());
      return request.on("end", () => {
        response.addTrailers({ "x-end": "reached" });
        response.end();
      });
    case "/big":
      return response.end(Buffer.alloc(Number(url.searchParams.get("size")), "big"));
    case "/headers":
      response.writeHead(200, manyFields(url));
      return response.end();
    case "/trailers":
      response.writeHead(200, { trailer: "x" });
      response.write("body");
      response.addTrailers(manyFields(url));
      return response.end();
    case "/redirect":
      response.writeHead(302, { location: "/config.json" });
      return response.end();
    case "/cut":
      response.writeHead(200, { "content-length": "100" });
      response.write("only this");
      return setTimeout(() => response.destroy(), 20);
    case "/stalls":
      return response.write("a beginning");
    case "/upgrade":
      return response.socket?.end("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
    case "/silent":
      return undefined;
    default:
      response.statusCode = 404;
      return response.end();
  }
};

const http = createHttpServer(respond);
// It is signed by itself, for localhost, and of no use elsewhere.
const pem = readFileSync(new URL("loopback-certificate.pem", import.meta.url));
const https = createHttpsServer({ key: pem, cert: pem }, respond);

const echo = createServer({ allowHalfOpen: true }, (socket) => {
  socket.on("error", () => {});
  socket.pipe(socket);
});

const silent = createServer((socket) => socket.on("error", () => {}));

const udp = createSocket("udp4", (bytes, { port, address }) => {
  udp.send(`${bytes}!`, port, address);
});

const listen = (server) =>
  new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));

const [httpPort, httpsPort, echoPort, silentPort] = await Promise.all([http, https, echo, silent].map(listen));
await new Promise((resolve) => udp.bind(0, "127.0.0.1", () => resolve(undefined)));
parentPort?.postMessage({
  http: httpPort,
  https: httpsPort,
  echo: echoPort,
  silent: silentPort,
  udp: udp.address().port,
});
