// Everything at the top level of these modules runs once, before the snapshot.
import { routes } from "./routes.js";

addEventListener("fetch", (event) => event.respondWith(answer(event.request)));

/** @param {Request} request */
async function answer(request) {
  const url = new URL(request.url);
  for (const { pattern, handle } of routes) {
    const match = pattern.exec(url.pathname);
    if (!match) continue;
    if (request.method !== "GET" && request.method !== "HEAD") return new Response("GET only\n", { status: 405 });
    return handle(match, url.searchParams);
  }
  return new Response("not found\n", { status: 404 });
}
