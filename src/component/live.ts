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

/** A component of which there is exactly one instance: its exports and imports are used by known definitions. */
interface Node {
  readonly component: Component;
  /** What makes the instance, and where; absent for the root. */
  readonly made?: { readonly by: Instantiation; readonly in: Node };
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
  private readonly live = new Set<Definition>();
  private readonly queue: Place[] = [];

  constructor(root: Component) {
    this.addNode({ component: root });
  }

  private addNode(node: Node): void {
    this.nodes.push(node);
    const definitions = definitionsOf(node.component);
    for (const definition of definitions) {
      for (const entity of entitiesOf(definition)) this.places.set(entity, { definition, node });
    }
    const onlyUser = soleInstantiations(definitions);
    for (const definition of definitions) {
      if (definition.kind !== "component") continue;
      const by = onlyUser.get(definition);
      if (by === undefined) continue;
      const child: Node = { component: definition.component, made: { by, in: node } };
      this.nodeOf.set(by, child);
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
    if (child !== undefined) this.markExports(child, () => true);
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
        if (![...this.nodeOf.values()].some(({ component }) => component === definition.component)) {
          this.markReferences(definition);
        }
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

  /** One export of an instance is wanted. Its type may stand on exported types, which stay. */
  private followAlias({ instance, name }: ExportAlias): void {
    const place = this.places.get(instance);
    const child = place?.definition.kind === "instantiation" ? this.nodeOf.get(place.definition) : undefined;
    if (place === undefined || child === undefined) {
      this.markEntity(instance);
      return;
    }
    this.mark(place);
    this.markExports(child, (exported) => exported.name.name === name || exported.sort === "type");
  }

  private markExports(node: Node, wanted: (exported: Export) => boolean): void {
    for (const definition of definitionsOfKind(node.component, "export")) {
      if (wanted(definition)) this.mark({ definition, node });
    }
  }

  private markArgument(item: Import, { made }: Node): void {
    const argument = made?.by.args.find(({ name }) => name === item.name.name);
    if (argument !== undefined) this.markEntity(argument.item);
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
function soleInstantiations(definitions: readonly Definition[]): Map<Entity, Instantiation> {
  const uses = new Map<Entity, Definition[]>();
  for (const definition of definitions) {
    for (const entity of referencesOf(definition)) {
      if (entity.sort !== "component") continue;
      const known = uses.get(entity);
      if (known === undefined) uses.set(entity, [definition]);
      else known.push(definition);
    }
  }
  const sole = new Map<Entity, Instantiation>();
  for (const [entity, [first, ...others]] of uses) {
    const isTarget = first?.kind === "instantiation" && first.component === entity;
    const isArgument = isTarget && first.args.some(({ item }) => item === entity);
    if (isTarget && !isArgument && others.length === 0) sole.set(entity, first);
  }
  return sole;
}
