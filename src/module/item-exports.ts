import type { Export, ExternKind } from "./exports.js";
import type { CoreModule } from "./model.js";

export const EXPORT_PREFIX = "component-init:";

/** Adds exports under names that the module does not have yet. What is exported already keeps its name. */
export class ItemExporter {
  private readonly names: Set<string>;
  private readonly nameOfItem = new Map<string, string>();
  private readonly added: Export[] = [];

  constructor(private readonly module: CoreModule) {
    this.names = new Set(module.exports.map((one) => one.name));
    for (const { name, kind, index } of module.exports) this.nameOfItem.set(`${kind} ${index}`, name);
  }

  /** All exports of the module. */
  get exports(): Export[] {
    return [...this.module.exports, ...this.added];
  }

  /** The name under which an item is exported, an old one where there is one. */
  nameOf(kind: ExternKind, index: number): string {
    const item = `${kind} ${index}`;
    const known = this.nameOfItem.get(item);
    if (known !== undefined) return known;
    let name = `${EXPORT_PREFIX}${kind}:${index}`;
    while (this.names.has(name)) name += "'";
    this.added.push({ name, kind, index });
    this.names.add(name);
    this.nameOfItem.set(item, name);
    return name;
  }
}
