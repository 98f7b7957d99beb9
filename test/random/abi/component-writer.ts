import { MainModule, type UsedStream } from "./main-module.js";
import { memoryModule } from "./memory-module.js";
import { allFuncs, type Func, namedTypesOf, observersOf, type Plan, resourcesOf, type WriterContext } from "./plan.js";
import { definitionText, type NamedType, type Names, type Resource, type Type, typeText } from "./shapes.js";
import { StaticData } from "./values.js";

/** Writes a component that has others in it. */
abstract class Surroundings {
  protected readonly lines: string[] = [];
  protected readonly plain = new Map<NamedType, string>();
  protected readonly exportedTypes = new Map<NamedType, string>();
  protected readonly resources = new Map<Resource, string>();

  constructor(
    protected readonly children: readonly Plan[],
    protected readonly context: WriterContext,
  ) {}

  /** Names for what is used inside. */
  protected readonly inside: Names = {
    named: (type) => this.plain.get(type) ?? this.declarePlain(type),
    resource: (resource) => this.resources.get(resource) as string,
  };

  /** Names for what is used in exports. */
  protected readonly outside: Names = {
    named: (type) => this.exportedTypes.get(type) as string,
    resource: (resource) => this.resourceOutside(resource),
  };

  protected abstract resourceOutside(resource: Resource): string;

  private declarePlain(type: NamedType): string {
    const name = `$${type.name}`;
    const definition = definitionText(type, this.inside, this.context.spelling);
    this.lines.push(`(type ${name} ${definition})`);
    this.plain.set(type, name);
    return name;
  }

  protected signature({ params, result, isAsync }: Func, names: Names): string {
    const text = (type: Type) => typeText(type, names, this.context.spelling);
    const given = params.map((type, i) => `(param "p${i}" ${text(type)})`).join(" ");
    return `${isAsync ? "async " : ""}${given}${result === undefined ? "" : ` (result ${text(result)})`}`;
  }

  protected exportTypes(funcs: readonly Func[]): void {
    for (const type of namedTypesOf(funcs)) {
      if (this.exportedTypes.has(type)) continue;
      const { name } = type;
      this.lines.push(`(type $${name}-own ${definitionText(type, this.outside, this.context.spelling)})`);
      this.lines.push(`(export $${name}-out "${name}" (type $${name}-own))`);
      this.exportedTypes.set(type, `$${name}-out`);
    }
  }

  /** Exports a function of a child, by the types that are exported here. */
  protected passOn(func: Func, child: Plan): void {
    const { name } = func;
    this.lines.push(
      `(export "${name}" (func $c${child.index} "${name}") (func ${this.signature(func, this.outside)}))`,
    );
  }

  protected passObserversOn(): void {
    for (const child of this.children) {
      for (const { name } of observersOf(child))
        this.lines.push(`(export "${name}" (func $c${child.index} "${name}"))`);
    }
  }

  protected instantiateChildren(): void {
    for (const [i, child] of this.children.entries()) this.instantiateChild(child, this.children.slice(0, i));
  }

  /** @param before - the children that exist already */
  private instantiateChild(child: Plan, before: readonly Plan[]): void {
    const { index, imported } = child;
    const text = new ComponentWriter(child, this.context).write(`$C${index}`);
    // Types that only children use have no place of their own.
    for (const type of namedTypesOf(imported)) this.inside.named(type);
    const owner = (func: Func) => before.findLast((other) => allFuncs(other).includes(func));
    const supply = imported.map((func) => {
      const from = owner(func);
      return `(with "${func.name}" (func ${from === undefined ? `$${func.name}` : `$c${from.index} "${func.name}"`}))`;
    });
    const types = [
      ...resourcesOf(imported).map((one) => `(with "${one.name}" (type ${this.inside.resource(one)}))`),
      ...namedTypesOf(imported).map((type) => `(with "${type.name}" (type ${this.inside.named(type)}))`),
    ];
    this.lines.push(text, `(instance $c${index} (instantiate $C${index} ${[...types, ...supply].join(" ")}))`);
    for (const resource of resourcesOf(allFuncs(child))) {
      if (this.resources.has(resource)) continue;
      this.lines.push(`(alias export $c${index} "${resource.name}" (type $${resource.name}))`);
      this.resources.set(resource, `$${resource.name}`);
    }
  }
}

/** Writes the text of one component, and of those in it. */
export class ComponentWriter extends Surroundings {
  private readonly exportedResources = new Map<Resource, string>();

  constructor(
    private readonly plan: Plan,
    context: WriterContext,
  ) {
    super(plan.children, context);
  }

  protected override resourceOutside(resource: Resource): string {
    return this.exportedResources.get(resource) ?? (this.resources.get(resource) as string);
  }

  write(id: string): string {
    this.imports();
    const data = new StaticData();
    const main = new MainModule(this.plan, data, this.context);
    const { pointer } = this.plan;
    const memory = this.lines.push("") - 1;
    this.ownResources();
    this.earlyFunctions();
    this.instantiateChildren();
    const written = main.write();
    this.lines[memory] = this.memoryInstance(memoryModule(pointer, data, this.context.random, this.context.faults));
    this.mainInstance(main, written);
    this.exports(main);
    return `(component ${id}\n${this.lines.join("\n")})`;
  }

  private imports(): void {
    const { imported } = this.plan;
    for (const resource of resourcesOf(imported)) {
      this.lines.push(`(import "${resource.name}" (type $${resource.name} (sub resource)))`);
      this.resources.set(resource, `$${resource.name}`);
    }
    for (const type of namedTypesOf(imported)) {
      const { name } = type;
      this.lines.push(`(type $${name}-def ${definitionText(type, this.inside, this.context.spelling)})`);
      this.lines.push(`(import "${name}" (type $${name} (eq $${name}-def)))`);
      this.plain.set(type, `$${name}`);
      this.exportedTypes.set(type, `$${name}`);
    }
    for (const func of imported) {
      this.lines.push(`(import "${func.name}" (func $${func.name} ${this.signature(func, this.inside)}))`);
    }
  }

  private memoryInstance(module: string): string {
    const { resources } = this.plan;
    return `(core module $memory-module ${module})
      (core instance $memory-instance (instantiate $memory-module))
      (alias core export $memory-instance "memory" (core memory $memory))
      (alias core export $memory-instance "realloc" (core func $realloc))
      ${resources.length > 0 ? `(alias core export $memory-instance "dtor" (core func $dtor))` : ""}`;
  }

  /** All of them have one destructor. */
  private ownResources(): void {
    for (const resource of this.plan.resources) {
      const { name } = resource;
      this.lines.push(`(type $${name} (resource (rep i32) (dtor (core func $dtor))))`);
      this.lines.push(`(core func $new-${name} (canon resource.new $${name}))`);
      this.resources.set(resource, `$${name}`);
      this.exportResource(resource);
    }
  }

  private exportResource(resource: Resource): void {
    const { name } = resource;
    const isSeen = resourcesOf(allFuncs(this.plan)).includes(resource);
    if (!isSeen || this.exportedResources.has(resource)) return;
    this.lines.push(`(export $${name}-out "${name}" (type $${name}))`);
    this.exportedResources.set(resource, `$${name}-out`);
  }

  /** Makers of resources, and what looks at them: without the main module, so that children can have them. */
  private earlyFunctions(): void {
    const { early, index, resources } = this.plan;
    const imports = resources.map(
      ({ name }) => `(import "r" "new-${name}" (func $new-${name} (param i32) (result i32)))`,
    );
    const peeks = resources.map(
      ({ name }) => `(func (export "peek-${name}") (param $rep i32)
          (call $see (i64.const 0x9ee4)) (call $see (i64.extend_i32_u (local.get $rep))))
        (func (export "take-${name}") (param $handle i32) (call $see (i64.extend_i32_u (local.get $handle))))`,
    );
    const makers = resources.map(
      ({ name }) => `(func (export "make-${name}") (param $rep i32) (result i32)
          (call $see (i64.extend_i32_u (local.get $rep)))
          (call $new-${name} (local.get $rep)))`,
    );
    const supply = resources.map(({ name }) => `(export "new-${name}" (func $new-${name}))`);
    this.lines.push(`(core module $early-module
        (import "m" "see" (func $see (param i64)))
        (import "m" "hooks" (table 3 funcref))
        (type $hook (func))
        ${imports.join("\n")}
        ${peeks.join("\n")}
        ${makers.join("\n")}
        (func (export "poke-${index}") (param $x i32) (result i32)
          (call $see (i64.const 0x90ce)) (call $see (i64.extend_i32_u (local.get $x)))
          (if (i32.eqz (ref.is_null (table.get (i32.const 2)))) (then (call_indirect (type $hook) (i32.const 2))))
          (i32.add (local.get $x) (i32.const ${index}))))
      (core instance $early (instantiate $early-module (with "m" (instance $memory-instance))
        (with "r" (instance ${supply.join(" ")}))))`);
    for (const func of early) {
      const { name } = func;
      const signature = this.signature(func, this.outside);
      this.lines.push(`(alias core export $early "${name}" (core func $early-${name}))
        (func $${name} ${signature} (canon lift (core func $early-${name})))
        (export "${name}" (func $${name}))`);
    }
  }

  private mainInstance(main: MainModule, text: string): void {
    const lowered = main.lowered.map(({ func, options }) => {
      const owner = this.plan.children.findLast((child) => allFuncs(child).includes(func));
      const component = owner === undefined ? `(func $${func.name})` : `(func $c${owner.index} "${func.name}")`;
      return `(core func $lower-${func.name} (canon lower ${component} ${options}))`;
    });
    const resources = main.builtins.map(({ name, resource, id }) => {
      return `(core func ${id} (canon ${name} ${this.resources.get(resource)}))`;
    });
    const returns = main.asyncLifted.map((func) => {
      const { name, result } = func;
      const text = result === undefined ? "" : `(result ${typeText(result, this.inside, this.context.spelling)})`;
      const { encoding } = main.optionsOf(func);
      const options = `(memory (core memory $memory)) string-encoding=${encoding}`;
      return `(core func $return-${name} (canon task.return ${text} ${options}))`;
    });
    const streams = main.streams.map((one) => this.streamBuiltins(one));
    const supplied = [
      ...main.streams.flatMap(({ func, builtins }) =>
        builtins.map((name) => `(export "${name}-${func.name}" (func $${name}-${func.name}))`),
      ),
      ...main.asyncLifted.map(({ name }) => `(export "return-${name}" (func $return-${name}))`),
      ...main.lowered.map(({ func }) => `(export "${func.name}" (func $lower-${func.name}))`),
      ...main.builtins.map(({ id }) => `(export "${id.slice(1)}" (func ${id}))`),
    ];
    // Nobody calls it, and it is enough.
    if (this.context.mayWait) this.lines.push("(core func (canon waitable-set.new))");
    this.lines.push(...lowered, ...resources, ...returns, ...streams, `(core module $main-module ${text})`);
    this.lines.push(`(core instance $main (instantiate $main-module (with "m" (instance $memory-instance))
      (with "f" (instance ${supplied.join(" ")}))))`);
  }

  private streamBuiltins({ func, builtins, encoding }: UsedStream): string {
    const type = typeText(func.result as Type, this.inside, this.context.spelling);
    const options = `async (memory (core memory $memory)) (realloc (core func $realloc)) string-encoding=${encoding}`;
    const definitions = builtins.map((name) => {
      const given =
        name === "read" ? options : name === "write" ? options.replace("(realloc (core func $realloc)) ", "") : "";
      return `(core func $${name}-${func.name} (canon stream.${name} $stream-${func.name} ${given}))`;
    });
    return `(type $stream-${func.name} ${type}) ${definitions.join("\n")}`;
  }

  private exports(main: MainModule): void {
    const { exported, passedOn, children } = this.plan;
    for (const resource of resourcesOf([...exported, ...passedOn])) {
      if (resourcesOf(this.plan.imported).includes(resource)) continue;
      this.exportResource(resource);
    }
    this.exportTypes([...exported, ...passedOn]);
    this.lines.push(`(alias core export $main "callback" (core func $callback))`);
    for (const func of exported) {
      const { name } = func;
      const { options, postReturn } = main.optionsOf(func);
      this.lines.push(`(alias core export $main "${name}" (core func $main-${name}))`);
      if (postReturn) this.lines.push(`(alias core export $main "post-${name}" (core func $post-${name}))`);
      const post = postReturn ? ` (post-return (core func $post-${name}))` : "";
      this.lines.push(`(func $own-${name} ${this.signature(func, this.outside)}
        (canon lift (core func $main-${name}) ${options}${post}))
        (export "${name}" (func $own-${name}))`);
    }
    for (const func of passedOn) this.passOn(func, children.findLast((one) => allFuncs(one).includes(func)) as Plan);
    this.observers();
  }

  private observers(): void {
    const { index } = this.plan;
    const names = { [`get-${index}`]: "digest", [`seen-${index}`]: "seen-digest", [`word-${index}`]: "word" };
    for (const [name, core] of Object.entries(names)) {
      const param = core === "word" ? '(param "i" u32)' : "";
      this.lines.push(`(alias core export $memory-instance "${core}" (core func $core-${name}))
        (func $lift-${name} ${param} (result u64) (canon lift (core func $core-${name})))
        (export "${name}" (func $lift-${name}))`);
    }
    this.passObserversOn();
  }
}

/** Writes a component that only contains others, of which the last is the driver. */
export class WrapperWriter extends Surroundings {
  protected override resourceOutside(): string {
    throw new Error("the root exports no resources");
  }

  write(): string {
    this.instantiateChildren();
    const driver = this.children.at(-1) as Plan;
    this.exportTypes(driver.exported);
    for (const func of driver.exported) this.passOn(func, driver);
    this.passObserversOn();
    return `(component\n${this.lines.join("\n")})`;
  }
}
