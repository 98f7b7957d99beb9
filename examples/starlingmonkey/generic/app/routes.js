import { byPrefix, places, statistics } from "./table.js";
import { compile } from "./templates.js";

const layout = compile(`<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>{{title}}</title></head>
  <body>
    <h1>{{title}}</h1>
{{{body}}}
  </body>
</html>
`);

const overview = compile(`    <p>{{count}} places, {{people}} people, {{prefixes}} prefixes.</p>
    <table>
      <tr><th>Region</th><th>Places</th><th>People</th></tr>
{{#regions}}
      <tr><td>{{name}}</td><td>{{places}}</td><td>{{people}}</td></tr>
{{/regions}}
    </table>
`);

const detail = compile(`    <dl>
      <dt>Region</dt><dd>{{region}}</dd>
      <dt>People</dt><dd>{{people}}</dd>
      <dt>Position</dt><dd>{{latitude}}, {{longitude}}</dd>
    </dl>
`);

// The front page depends on nothing in the request, so it is made once, before the snapshot.
const frontPage = layout({ title: "Gazetteer", body: overview(statistics) });

const html = (text) => new Response(text, { headers: { "content-type": "text/html; charset=utf-8" } });
const json = (value, status = 200) =>
  new Response(`${JSON.stringify(value)}\n`, { status, headers: { "content-type": "application/json" } });

/** @type {{ pattern: RegExp, handle: (match: RegExpExecArray, query: URLSearchParams) => Response }[]} */
export const routes = [
  { pattern: /^\/$/, handle: () => html(frontPage) },
  {
    pattern: /^\/places\/(\d+)$/,
    handle: ([, id]) => {
      const place = places[Number(id)];
      return place ? html(layout({ title: place.name, body: detail(place) })) : json({ error: "no such place" }, 404);
    },
  },
  {
    pattern: /^\/api\/places\/(\d+)$/,
    handle: ([, id]) => {
      const place = places[Number(id)];
      return place ? json(place) : json({ error: "no such place" }, 404);
    },
  },
  {
    pattern: /^\/api\/search$/,
    handle: (_match, query) => {
      const q = (query.get("q") ?? "").toLowerCase();
      const found = (byPrefix.get(q.slice(0, 3)) ?? []).map((id) => places[id]);
      const matching = found.filter((place) => place.name.toLowerCase().startsWith(q));
      return json({ q, total: matching.length, places: matching.slice(0, 10).map(({ id, name }) => ({ id, name })) });
    },
  },
];
