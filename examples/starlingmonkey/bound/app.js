import { recordEvent } from "example:shop/audit@0.1.0";

// The catalog is built once, before the snapshot.
const tags = ["small", "large", "red", "green", "blue", "wood", "steel", "glass", "indoor", "outdoor"];
const nouns = ["chair", "table", "lamp", "shelf", "bench", "vase", "clock"];

/** @type {Map<string, { sku: string, name: string, price: number, tags: string[] }>} */
const items = new Map();
/** @type {Map<string, Set<string>>} */
const withTag = new Map(tags.map((tag) => [tag, new Set()]));

for (let i = 0; i < 5000; i++) {
  const sku = `S${String(i).padStart(5, "0")}`;
  const own = tags.filter((_, n) => (i + n) % (n + 3) === 0);
  items.set(sku, {
    sku,
    name: `${own.join(" ")} ${nouns[i % nouns.length]}`.trim(),
    price: 100 + (i % 997),
    tags: own,
  });
  for (const tag of own) withTag.get(tag).add(sku);
}

function find(sku) {
  const item = items.get(sku);
  if (!item) throw { tag: "not-found", val: sku };
  return item;
}

function search(wanted, limit) {
  const sets = wanted.map((tag) => withTag.get(tag) ?? new Set());
  const found = [];
  for (const item of items.values()) {
    if (found.length === limit) break;
    if (sets.every((set) => set.has(item.sku))) found.push(item);
  }
  return found;
}

class Basket {
  #lines = new Map();

  add(sku, quantity) {
    if (quantity === 0) throw { tag: "invalid-quantity", val: quantity };
    const line = this.#lines.get(sku) ?? { item: find(sku), quantity: 0 };
    line.quantity += quantity;
    this.#lines.set(sku, line);
    recordEvent(`${quantity} x ${sku}`);
    return [...this.#lines.values()].reduce((sum, { quantity }) => sum + quantity, 0);
  }

  lines() {
    return [...this.#lines.values()];
  }

  total() {
    return this.lines().reduce((sum, { item, quantity }) => sum + BigInt(item.price * quantity), 0n);
  }
}

export const catalog = { find, search, Basket };
