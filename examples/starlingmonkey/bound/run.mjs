// @ts-check
// Binds StarlingMonkey to the world in world.wit, pre-initializes it with app.js, calls the result in V8.
//
//   node run.mjs [COMPONENT]
//
//   COMPONENT  check this one, made in another way, instead of running component-init
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { boundArguments, buildBound, checkInit, instantiator, runComponentInit, transpile } from "../lib.mjs";

/** @param {string} path */
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

let component = process.argv[2];
if (component === undefined) {
  component = here("dist/shop.wasm");
  const bound = await buildBound({
    wit: here("world.wit"),
    world: "shop",
    app: here("app.js"),
    outDir: here("dist/uninitialized"),
  });
  await runComponentInit(boundArguments(bound, component));
}

const directory = await transpile(component, here("dist/shop"));
const status = await checkInit(directory);
console.log(`check_init: ${status}`);
assert.equal(status, 0);

/** @type {string[]} */
const events = [];
const audit = { recordEvent: (/** @type {string} */ text) => events.push(text) };
const instantiate = await instantiator(directory, { "example:shop/audit": audit });
const { catalog } = await instantiate();

const item = catalog.find("S00042");
console.log("find", item);
assert.deepEqual(item, { sku: "S00042", name: "small chair", price: 142, tags: ["small"] });

assert.throws(() => catalog.find("none"), { payload: { tag: "not-found", val: "none" } });
const found = catalog.search(["red", "wood"], 3);
console.log("search", found);
assert.equal(found.length, 3);
for (const { tags } of found) assert.ok(tags.includes("red") && tags.includes("wood"));

const basket = new catalog.Basket();
assert.equal(basket.add("S00042", 2), 2);
assert.equal(basket.add("S04999", 1), 3);
assert.throws(() => basket.add("S00042", 0), { payload: { tag: "invalid-quantity", val: 0 } });
console.log("basket", basket.lines(), basket.total());
assert.equal(basket.total(), 2n * 142n + 114n);
assert.deepEqual(events, ["2 x S00042", "1 x S04999"]);
console.log("every answer is right");
