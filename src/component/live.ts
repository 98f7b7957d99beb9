import { definitionsOf, definitionsOfKind, entitiesOf, referencesOf, removeDefinitions } from "./graph.js";
import type {
  Component,
  CoreInstantiation,
  Definition,
  Entity,
  Export,
  ExportAlias,
  Import,
  Instantiation,
} from "./model.js";

/** What makes the instance of a component, and where. */
interface Made {
  readonly by: Instantiation;
  readonly in: Node;
  /** By name. */
  readonly args: ReadonlyMap<string, Entity>;
}

/** A component of which there is exactly one instance: its exports and imports are used by known definitions. */
interface Node {
  readonly component: Component;
  /** Absent for the root. */
  readonly made?: Made;
  readonly exports: readonly Export[];
  readonly exportOf: ReadonlyMap<string, Export>;
  /** The type that an export has may stand on these, so they stay with any. */
  readonly types: readonly Export[];
}

function newNode(component: Component, made?: Made): Node {
  const exports = definitionsOfKind(component, "export");
  return {
    component,
    exports,
    exportOf: new Map(exports.map((one) => [one.name.name, one])),
    types: exports.filter(({ sort }) => sort === "type"),
    ...(made && { made }),
  };
}

interface Place {
  readonly definition: Definition;
  readonly node: Node;
}

export interface Roots {
  /** Whether instantiating a core module does something to others. */
  hasEffect(instantiation: CoreInstantiation): boolean;
  /** Whether an export of the root component stays. */
  isExported(item: Export): boolean;
  /** Whether an import of the root component stays where nothing needs it. */
  isImported(item: Import): boolean;
}

/**
 * Removes what nobody can tell is missing: definitions that no export of the root needs, directly or for what it needs,
 * at every nesting level. The root mostly keeps its imports, because its users provide them.
 *
 * @returns everything removed
 */
export function removeDead(root: Component, roots: Roots): ReadonlySet<Definition> {
  const marker = new Marker(root);
  marker.markRoots(roots);
  return marker.sweep();
}

class Marker {
  private readonly nodes: Node[] = [];
  private readonly places = new Map<Entity, Place>();
  private readonly nodeOf = new Map<Instantiation, Node>();
  private readonly instantiated = new Set<Definition>();
  private readonly live = new Set<Definition>();
  private readonly queue: Place[] = [];
  /** Nodes of which exported types, or all exports, are marked. */
  private readonly withTypes = new Set<Node>();
  private readonly whole = new Set<Node>();
  private readonly soleInstantiation: ReadonlyMap<Entity, Instantiation>;

  constructor(root: Component) {
    this.soleInstantiation = soleInstantiations(root);
    this.addNode(newNode(root));
  }

  private addNode(node: Node): void {
    this.nodes.push(node);
    const definitions = definitionsOf(node.component);
    for (const definition of definitions) {
      for (const entity of entitiesOf(definition)) this.places.set(entity, { definition, node });
    }
    for (const definition of definitions) {
      if (definition.kind !== "component") continue;
      const by = this.soleInstantiation.get(definition);
      if (by === undefined) continue;
      const args = new Map(by.args.map(({ name, item }) => [name, item]));
      const child = newNode(definition.component, { by, in: node, args });
      this.nodeOf.set(by, child);
      this.instantiated.add(definition);
      this.addNode(child);
    }
  }

  markRoots(roots: Roots): void {
    for (const node of this.nodes) {
      for (const definition of definitionsOf(node.component)) {
        if (isRoot(definition, node, roots)) this.markWithSurroundings({ definition, node });
      }
    }
    for (let place = this.queue.pop(); place !== undefined; place = this.queue.pop()) this.follow(place);
  }

  /** What has an effect has it because the components around it are instantiated. */
  private markWithSurroundings(place: Place): void {
    this.mark(place);
    for (let { made } = place.node; made !== undefined; made = made.in.made) {
      this.mark({ definition: made.by, node: made.in });
    }
  }

  private mark(place: Place): void {
    if (this.live.has(place.definition)) return;
    this.live.add(place.definition);
    this.queue.push(place);
  }

  private markEntity(entity: Entity): void {
    const place = this.places.get(entity);
    if (place === undefined) return;
    this.mark(place);
    const { definition } = place;
    const child = definition.kind === "instantiation" ? this.nodeOf.get(definition) : undefined;
    if (child !== undefined) this.markAllExports(child);
  }

  private follow({ definition, node }: Place): void {
    switch (definition.kind) {
      case "export alias":
        this.followAlias(definition);
        break;
      case "instantiation":
        if (this.nodeOf.has(definition)) this.markContainer(definition.component);
        else this.markReferences(definition);
        break;
      case "component":
        // Not instantiated, or not only so: all of it is in use.
        if (!this.instantiated.has(definition)) this.markReferences(definition);
        break;
      case "import":
        this.markReferences(definition);
        this.markArgument(definition, node);
        break;
      default:
        this.markReferences(definition);
    }
  }

  private markReferences(definition: Definition): void {
    for (const entity of referencesOf(definition)) this.markEntity(entity);
  }

  private markContainer(component: Entity): void {
    const place = this.places.get(component);
    if (place !== undefined) this.live.add(place.definition);
  }

  /** One export of an instance is wanted. */
  private followAlias({ instance, name }: ExportAlias): void {
    const place = this.places.get(instance);
    const child = place?.definition.kind === "instantiation" ? this.nodeOf.get(place.definition) : undefined;
    if (place === undefined || child === undefined) {
      this.markEntity(instance);
      return;
    }
    this.mark(place);
    this.markTypes(child);
    const exported = child.exportOf.get(name);
    if (exported !== undefined) this.mark({ definition: exported, node: child });
  }

  private markTypes(node: Node): void {
    if (this.withTypes.has(node)) return;
    this.withTypes.add(node);
    for (const definition of node.types) this.mark({ definition, node });
  }

  private markAllExports(node: Node): void {
    if (this.whole.has(node)) return;
    this.whole.add(node);
    for (const definition of node.exports) this.mark({ definition, node });
  }

  private markArgument(item: Import, { made }: Node): void {
    const argument = made?.args.get(item.name.name);
    if (argument !== undefined) this.markEntity(argument);
  }

  sweep(): ReadonlySet<Definition> {
    const removed = new Set<Definition>();
    for (const { component, made } of this.nodes) {
      if (made !== undefined) this.dropArguments(component, made.by);
      const dead = definitionsOf(component).filter((definition) => !this.isKept(definition));
      for (const definition of dead) removed.add(definition);
      if (dead.length > 0) removeDefinitions(component, new Set(dead));
    }
    return removed;
  }

  private isKept(definition: Definition): boolean {
    return definition.kind === "custom" || definition.kind === "component names" || this.live.has(definition);
  }

  private dropArguments(component: Component, instantiation: Instantiation): void {
    const wanted = definitionsOfKind(component, "import").filter((item) => this.live.has(item));
    const names = new Set(wanted.map(({ name }) => name.name));
    instantiation.args = instantiation.args.filter(({ name }) => names.has(name));
  }
}

function isRoot(definition: Definition, { made }: Node, { hasEffect, isExported, isImported }: Roots): boolean {
  switch (definition.kind) {
    case "import":
      return made === undefined && isImported(definition);
    case "export":
      return made === undefined && isExported(definition);
    case "core instantiation":
      return hasEffect(definition);
    default:
      return definition.kind === "start";
  }
}

/** Components that are instantiated once and used in no other way, with what instantiates them. */
function soleInstantiations(root: Component): Map<Entity, Instantiation> {
  const sole = new Map<Entity, Instantiation>();
  const shared = new Set<Entity>();
  const noteInstantiation = (instantiation: Instantiation) => {
    const { component, args } = instantiation;
    if (sole.has(component)) shared.add(component);
    else sole.set(component, instantiation);
    for (const { item } of args) shared.add(item);
  };
  const note = (component: Component) => {
    for (const definition of definitionsOf(component)) {
      if (definition.kind === "component") {
        note(definition.component);
        continue;
      }
      if (definition.kind === "instantiation") noteInstantiation(definition);
      else for (const entity of referencesOf(definition)) shared.add(entity);
    }
  };
  note(root);
  for (const entity of shared) sole.delete(entity);
  return sole;
}
