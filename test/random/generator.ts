import type { Call } from "../support/session.js";
import { ENV_COST, type FuncItem, type GeneratedModule } from "./module-model.js";
import { generateModule } from "./modules.js";
import { Prng } from "./prng.js";
import { STATEMENT_KINDS } from "./statements.js";

/** A random component and what to do with it. */
export interface RandomCase {
  readonly seed: number;
  readonly text: string;
  /** As `preinitialize` takes it: an export of the root, or `none`. */
  readonly initFunc: string;
  /** After the initialization. */
  readonly calls: readonly Call[];
  /** What is in the component, to count coverage. */
  readonly features: ReadonlySet<string>;
  /** How many parts can be left out; see {@link generateCase}. */
  readonly optionalParts: number;
}

/**
 * @param omitted - numbers of parts (statements, calls) to leave out. The rest stays as it is, which makes a failing
 *   case smaller without making it another one.
 */
export function generateCase(seed: number, omitted: ReadonlySet<number> = new Set()): RandomCase {
  return new CaseWriter(seed, omitted).write();
}

type ExportKind = "digest" | "op" | "id" | "init" | "probe" | "tag";

const SIGNATURES: Record<ExportKind, string> = {
  digest: "(result u64)",
  op: '(param "x" u32) (result u32)',
  id: '(param "x" u32)',
  init: "",
  probe: "(result u32)",
  tag: "(result u32)",
};

interface ComponentFunction {
  /** The name under which the component exports it. */
  readonly name: string;
  readonly kind: ExportKind;
  readonly cost: number;
}

/** A function that core instances or nested components can be given. */
interface Supply {
  readonly kind: "op" | "tag";
  readonly cost: number;
  /** How to name it as a core function; undefined when core code of this component must not call it. */
  readonly core: (() => string) | undefined;
  readonly component: () => string;
}

interface CoreInstance {
  readonly id: string;
  readonly module: GeneratedModule;
}

interface GeneratedComponent {
  readonly id: string;
  readonly text: string;
  readonly imports: readonly string[];
  readonly exports: readonly ComponentFunction[];
}

/** Modules that a nested component can get by outer alias, with the component that defines each. */
interface Visible {
  readonly module: GeneratedModule;
  readonly owner: string;
}

class CaseWriter {
  readonly random: Prng;
  readonly features = new Set<string>();
  private parts = 0;
  private modules = 0;
  private components = 0;
  /**
   * jco 1.35 traps when a start function calls a lowered function of a nested component (Wasmtime does not), so a case
   * has start functions or such calls, never both.
   */
  readonly hasStarts: boolean;
  /** Whether modules are instantiated several times. */
  readonly mayRepeat: boolean;
  private readonly without: ReadonlySet<number>;
  /** How many core instances are left to make. */
  instancesLeft: number;

  constructor(
    private readonly seed: number,
    private readonly omitted: ReadonlySet<number>,
  ) {
    this.random = new Prng(seed);
    this.hasStarts = this.random.chance(0.4);
    this.mayRepeat = this.random.chance(0.7);
    this.without = new Set(
      Array.from({ length: STATEMENT_KINDS - 1 }, (_, i) => i).filter(() => this.random.chance(0.15)),
    );
    this.instancesLeft = this.random.pick([1, 2, 3, 3, 4, 5, 6, 8]);
  }

  write(): RandomCase {
    const depth = this.random.pick([0, 0, 0, 0, 1, 1, 2, 3]);
    const root = new ComponentWriter(this, [], depth, false).write();
    if (depth > 0) this.features.add(`depth ${depth}`);
    const { initFunc, calls } = this.calls(root);
    const { seed, features } = this;
    return { seed, text: root.text, initFunc, calls, features, optionalParts: this.parts };
  }

  /** Whether the next part is one to leave out. */
  isOmitted(): boolean {
    return this.omitted.has(this.parts++);
  }

  readonly optional = (text: string): string => (this.isOmitted() ? "" : text);

  nextComponent(): string {
    return `$C${this.components++}`;
  }

  module(earlier: readonly GeneratedModule[]): GeneratedModule {
    const number = this.modules++;
    const module = generateModule({
      id: `$M${number}`,
      earlier,
      number,
      random: this.random,
      optional: this.optional,
      mayStart: this.hasStarts,
      without: this.without,
    });
    this.noteFeatures(module);
    return module;
  }

  private noteFeatures({ text, env, slots }: GeneratedModule): void {
    const found: [string, RegExp][] = [
      ["memory64", /\(memory \$\S+ i64/],
      ["table64", /\(table \$\S+ i64/],
      ["start", /\(start /],
      ["typed table", /\(table \$\S+ [^(]*\(ref/],
      ["typed global", /\(global \$\S+ \(?(mut )?\(ref/],
      ["funcref global", /\(global \$\S+ (\(mut )?funcref/],
      ["v128 global", /\(global \$\S+ (\(mut )?v128/],
      ["imported memory", /import \S+ \S+ \(memory/],
      ["imported table", /import \S+ \S+ \(table/],
      ["imported global", /import \S+ \S+ \(global/],
      ["active data in imported memory", /\(data \S+ \(memory \$s\d/],
      ["active elements in imported table", /\(elem \S+ \(table \$s\d/],
      ["offset from a global", /\(offset \((i32\.add |i64\.add )?\(?global\.get/],
      ["data.drop", /data\.drop/],
      ["elem.drop", /elem\.drop/],
      ["table.grow", /table\.grow/],
      ["table.set", /table\.set \$[ts]\d/],
      ["memory.grow", /memory\.grow/],
    ];
    for (const [name, pattern] of found) if (pattern.test(text)) this.features.add(name);
    if (env.some(({ type }) => type === "tag")) this.features.add("imported function in tables");
    if (slots.length > 0) this.features.add("imports from instances");
  }

  /** The last instances reach most of the others. */
  private pickInit(inits: readonly string[]): string {
    return this.random.chance(0.4) ? (inits.at(-1) as string) : this.random.pick(inits);
  }

  private calls(root: GeneratedComponent): { initFunc: string; calls: Call[] } {
    const { random } = this;
    const named = (kind: ExportKind) => root.exports.filter((one) => one.kind === kind).map(({ name }) => name);
    const inits = named("init");
    const initFunc = inits.length === 0 || random.chance(0.07) ? "none" : this.pickInit(inits);
    const digests = named("digest").map((name): Call => ({ export: name }));
    const number = () => (random.chance(0.3) ? random.below(10) : random.u32());
    const steps = () => {
      const ops = named("op");
      if (ops.length === 0) return [];
      return Array.from({ length: random.between(1, 4) }, (): Call => ({ export: random.pick(ops), args: [number()] }));
    };
    const ids = named("id").map((name, i): Call => ({ export: name, args: [(i + 1) * 13] }));
    const probes = random.some(random.shuffled(named("probe")), 0.7).map((name): Call => ({ export: name }));
    const kept = (calls: readonly Call[]) => calls.filter(() => !this.isOmitted());
    const calls = [
      ...kept(digests),
      ...kept(ids),
      ...kept(digests),
      ...kept(steps()),
      ...kept(digests),
      ...kept(steps()),
      ...kept(digests),
      ...kept(probes),
    ];
    return { initFunc, calls };
  }
}

/** Writes a component: modules, core instances and nested components in a random order. */
class ComponentWriter {
  private readonly id: string;
  private readonly random: Prng;
  private readonly lines: string[] = [];
  private readonly imports: string[] = [];
  private readonly exports: ComponentFunction[] = [];
  private readonly modules: GeneratedModule[] = [];
  /** Modules that can be named here, with the text that names them. */
  private readonly moduleNames = new Map<GeneratedModule, string>();
  private readonly instances: CoreInstance[] = [];
  private readonly supplies: Supply[] = [];
  /** Supplies that run without coming back into this component. */
  private readonly foreign = new Set<Supply>();
  private readonly children: GeneratedComponent[] = [];
  private childInstances = 0;
  private names = 0;

  constructor(
    private readonly cases: CaseWriter,
    private readonly outer: readonly Visible[],
    private readonly depth: number,
    private readonly isNested: boolean,
  ) {
    this.id = cases.nextComponent();
    this.random = cases.random;
  }

  write(): GeneratedComponent {
    const { random, cases } = this;
    if (this.isNested) this.importFunctions();
    const count = random.between(1, 4);
    for (let i = 0; i < count; i++) {
      if (this.depth > 0 && (random.chance(0.4) || i === 0)) this.addChild();
      else this.addInstance();
    }
    if (this.exports.length === 0) this.addInstance();
    while (!this.isNested && cases.instancesLeft > 0 && random.chance(0.8)) this.addInstance();
    const text = `(component ${this.id}\n${this.lines.join("\n")})`;
    return { id: this.id, text, imports: this.imports, exports: this.exports };
  }

  private unique(prefix: string): string {
    return `${this.id}_${prefix}${this.names++}`;
  }

  private importFunctions(): void {
    for (let i = this.random.pick([0, 1, 2]); i > 0; i--) {
      const name = `f${this.imports.length}`;
      const id = this.unique("import");
      this.lines.push(`(import "${name}" (func ${id} ${SIGNATURES.op}))`);
      this.imports.push(name);
      const supply: Supply = { kind: "op", cost: ENV_COST, core: this.lowered(id), component: () => id };
      this.supplies.push(supply);
      this.foreign.add(supply);
      this.cases.features.add("component import");
    }
  }

  /** Lowers a function of the component level where it is used first. */
  private lowered(func: string): (() => string) | undefined {
    if (this.cases.hasStarts) return undefined;
    let core: string | undefined;
    return () => {
      if (core === undefined) {
        core = this.unique("lowered");
        this.lines.push(`(core func ${core} (canon lower (func ${func})))`);
      }
      return `(func ${core})`;
    };
  }

  // Core instances

  private addInstance(): void {
    const { random, cases } = this;
    cases.instancesLeft--;
    const known = this.modules.filter((module) => this.canSupply(module));
    if (known.length > 0 && cases.mayRepeat && random.chance(0.35)) {
      cases.features.add("module twice");
      this.instantiate(random.pick(known));
      return;
    }
    const aliased = this.outer.filter(({ module }) => !this.moduleNames.has(module) && this.canSupply(module));
    if (aliased.length > 0 && random.chance(0.6)) {
      const { module } = random.pick(aliased);
      this.modules.push(module);
      this.instantiate(module);
      return;
    }
    const module = cases.module(this.modules);
    this.modules.push(module);
    this.moduleNames.set(module, module.id);
    this.lines.push(module.text);
    // Most instances have functions to call when the next one is made.
    if (!this.canSupply(module)) this.instantiate(this.helper());
    if (this.canSupply(module)) this.instantiate(module);
  }

  /** Functions of both kinds for a first instance that wants to import some. */
  private helper(): GeneratedModule {
    const text = `(core module ${this.id}_helper
  (global $state (mut i32) (i32.const 3))
  (func (export "op0") (param i32) (result i32)
    (global.set $state (i32.add (global.get $state) (local.get 0))) (global.get $state))
  (func (export "tag") (result i32) (global.get $state))
  (func (export "id") (param i32) (global.set $state (local.get 0)))
  (func (export "digest") (result i64) (i64.extend_i32_u (global.get $state)))
  (func (export "init") (global.set $state (i32.const 99))))`;
    this.lines.push(text);
    const op = { kind: "func", id: "$op0", type: "op", cost: 1, imported: false } as const;
    const tag = { kind: "func", id: "$tag", type: "tag", cost: 1, imported: false } as const;
    const exports = new Map<string, FuncItem>([
      ["op0", op],
      ["tag", tag],
    ]);
    const id = `${this.id}_helper`;
    const module: GeneratedModule = { id, text, slots: [], env: [], exports, ops: [op], probes: [], initCost: 1 };
    this.moduleNames.set(module, id);
    return module;
  }

  private canSupply(module: GeneratedModule): boolean {
    return (
      module.slots.every((slot) => this.instances.some((instance) => instance.module === slot.module)) &&
      module.env.every(({ type }) => this.coreSupplies(type).length > 0)
    );
  }

  private coreSupplies(type: "op" | "tag"): Supply[] {
    return this.supplies.filter(({ kind, cost, core }) => kind === type && cost <= ENV_COST && core !== undefined);
  }

  private instantiate(module: GeneratedModule): void {
    const withs = [...module.slots.map((slot) => this.slotArgument(slot)), this.envArgument(module)];
    const name = this.nameOf(module);
    const id = this.unique("i");
    this.lines.push(`(core instance ${id} (instantiate ${name} ${withs.join(" ")}))`);
    this.instances.push({ id, module });
    this.addSupplies(id, module);
    this.liftAll(id, module);
  }

  private nameOf(module: GeneratedModule): string {
    const known = this.moduleNames.get(module);
    if (known !== undefined) return known;
    const visible = this.outer.find((one) => one.module === module);
    if (visible === undefined) throw new Error(`${module.id} cannot be named in ${this.id}`);
    const name = this.unique("alias");
    this.lines.push(`(alias outer ${visible.owner} ${module.id} (core module ${name}))`);
    this.moduleNames.set(module, name);
    this.cases.features.add("outer alias");
    return name;
  }

  /** All of one instance, or each item of another instance of the same module. */
  private slotArgument({ name, module, items }: GeneratedModule["slots"][number]): string {
    const { random } = this;
    const candidates = this.instances.filter((instance) => instance.module === module);
    if (random.chance(0.6)) return `(with "${name}" (instance ${random.pick(candidates).id}))`;
    const fields = items.map(
      (item) => `(export "${item.export}" (${item.kind} ${random.pick(candidates).id} "${item.export}"))`,
    );
    if (candidates.length > 1) this.cases.features.add("items of several instances");
    return `(with "${name}" (instance ${fields.join(" ")}))`;
  }

  private envArgument({ env }: GeneratedModule): string {
    if (env.length === 0) return "";
    const fields = env.map(({ name, type }) => {
      const supply = this.random.pick(this.coreSupplies(type));
      return `(export "${name}" ${supply.core?.()})`;
    });
    return `(with "env" (instance ${fields.join(" ")}))`;
  }

  private addSupplies(instance: string, module: GeneratedModule): void {
    for (const [name, item] of module.exports) {
      if (item.kind !== "func") continue;
      const component = () => this.lift(instance, name, item.type);
      this.supplies.push({ kind: item.type, cost: item.cost, core: () => `(func ${instance} "${name}")`, component });
    }
  }

  private lift(instance: string, name: string, kind: ExportKind): string {
    const id = this.unique("lifted");
    this.lines.push(`(func ${id} ${SIGNATURES[kind]} (canon lift (core func ${instance} "${name}")))`);
    return id;
  }

  private liftAll(instance: string, module: GeneratedModule): void {
    const { random } = this;
    const number = this.instances.length - 1;
    const add = (name: string, kind: ExportKind, cost: number) => {
      if (this.cases.isOmitted()) return;
      const exported = `i${number}-${name.replaceAll("_", "-")}`;
      this.lines.push(`(export "${exported}" (func ${this.lift(instance, name, kind)}))`);
      this.exports.push({ name: exported, kind, cost });
    };
    add("digest", "digest", 0);
    add("id", "id", 0);
    if (random.chance(0.6)) add("init", "init", module.initCost);
    for (const { id, cost } of random.some(module.ops, 0.7)) add(id.slice(1), "op", cost);
    for (const name of random.some(module.probes, 0.9)) add(name, "probe", 0);
    const tags = [...module.exports].filter(([, item]) => item.kind === "func" && item.type === "tag");
    for (const [name] of tags.slice(0, 1)) add(name, "tag", 1);
  }

  // Nested components

  private addChild(): void {
    const { random, cases } = this;
    if (this.children.length === 0 || random.chance(0.6)) {
      const own = [...this.moduleNames].filter(([module, name]) => module.id === name && !name.includes("helper"));
      const visible = [...own.map(([module]) => ({ module, owner: this.id })), ...this.outer];
      const child = new ComponentWriter(cases, visible, random.below(this.depth), true).write();
      this.children.push(child);
      this.lines.push(child.text);
    }
    this.instantiateChild(random.pick(this.children));
    if (random.chance(0.35)) {
      cases.features.add("component twice");
      this.instantiateChild(random.pick(this.children));
    }
  }

  private instantiateChild(child: GeneratedComponent): void {
    const { random } = this;
    const candidates = this.supplies.filter(({ kind, cost }) => kind === "op" && cost <= ENV_COST);
    if (child.imports.length > 0 && candidates.length === 0) {
      this.instantiate(this.helper());
      this.instantiateChild(child);
      return;
    }
    const chosen = child.imports.map(() => random.pick(candidates));
    const withs = child.imports.map((name, i) => `(with "${name}" (func ${chosen[i]?.component()}))`);
    const number = this.childInstances++;
    const id = this.unique("k");
    this.lines.push(`(instance ${id} (instantiate ${child.id} ${withs.join(" ")}))`);
    const reenters = chosen.some((supply) => !this.foreign.has(supply));
    for (const one of child.exports) this.exportOfChild(id, number, one, reenters);
  }

  private exportOfChild(instance: string, number: number, one: ComponentFunction, reenters: boolean): void {
    if (this.cases.isOmitted()) return;
    const id = this.unique("func");
    this.lines.push(`(alias export ${instance} "${one.name}" (func ${id}))`);
    const name = `k${number}-${one.name}`;
    this.lines.push(`(export "${name}" (func ${id}))`);
    this.exports.push({ ...one, name });
    if (one.kind !== "op" && one.kind !== "tag") return;
    const core = reenters ? undefined : this.lowered(id);
    const supply: Supply = { kind: one.kind, cost: one.cost, core, component: () => id };
    this.supplies.push(supply);
    if (!reenters) this.foreign.add(supply);
    this.cases.features.add(reenters ? "child calls parent" : "child offered to parent");
  }
}
