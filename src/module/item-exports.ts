import type { Export, ExternKind } from "./exports.js";
import type { CoreModule } from "./model.js";

export const EXPORT_PREFIX = "component-init:";

/** Adds exports under names that the module does not have yet. What is exported already keeps its name. */
export class ItemExporter {
  /** Those that the module has. What is added differs in kind and index. */
  private readonly names: ReadonlySet<string>;
  private readonly nameOfItem: Record<ExternKind, Map<number, string>> = {
    func: new Map(),
    table: new Map(),
    memory: new Map(),
    global: new Map(),
    tag: new Map(),
  };
  private readonly added: Export[] = [];

  constructor(private readonly module: CoreModule) {
    this.names = new Set(module.exports.map((one) => one.name));
    for (const { name, kind, index } of module.exports) this.nameOfItem[kind].set(index, name);
  }

  /** All exports of the module. */
  get exports(): Export[] {
    return [...this.module.exports, ...this.added];
  }

  /** The name under which an item is exported, an old one where there is one. */
  nameOf(kind: ExternKind, index: number): string {
    const known = this.nameOfItem[kind].get(index);
    if (known !== undefined) return known;
    let name = `${EXPORT_PREFIX}${kind}:${index}`;
    while (this.names.has(name)) name += "'";
    this.added.push({ name, kind, index });
    this.nameOfItem[kind].set(index, name);
    return name;
  }
}
