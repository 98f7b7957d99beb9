import type { ByteReader } from "../binary/reader.js";
import type { CoreModuleDefinition, Entity, Sort } from "./model.js";

/** Nesting that no toolchain reaches and that keeps recursion off the end of the stack. */
const MAX_DEPTH = 100;

/** The index spaces of one component, component type, instance type or module type while it is decoded. */
export class DecodeScope {
  private readonly spaces = new Map<Sort, Entity[]>();
  readonly depth: number;

  constructor(
    readonly parent: DecodeScope | undefined,
    reader: ByteReader,
  ) {
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    if (this.depth > MAX_DEPTH) reader.fail(`definitions are nested more than ${MAX_DEPTH} deep`);
  }

  define(entity: Entity): void {
    this.space(entity.sort).push(entity);
  }

  /** Reads an index and gives what it stands for. */
  ref(sort: Sort, reader: ByteReader): Entity {
    const start = reader.position;
    return this.at(sort, reader.u32(`${sort} index`), reader, start);
  }

  at(sort: Sort, index: number, reader: ByteReader, start: number): Entity {
    const space = this.space(sort);
    return space[index] ?? reader.fail(`${sort} ${index} does not exist (${space.length} are defined so far)`, start);
  }

  find(sort: Sort, index: number): Entity | undefined {
    return this.space(sort)[index];
  }

  outer(count: number, reader: ByteReader, start: number): DecodeScope {
    let scope: DecodeScope = this;
    for (let i = 0; i < count; i++) {
      if (scope.parent === undefined) reader.fail(`outer alias leaves the outermost scope (count ${count})`, start);
      scope = scope.parent as DecodeScope;
    }
    return scope;
  }

  private space(sort: Sort): Entity[] {
    let space = this.spaces.get(sort);
    if (space === undefined) {
      space = [];
      this.spaces.set(sort, space);
    }
    return space;
  }
}

/** Says which index a definition has where it is referred to. */
export interface IndexResolver {
  index(entity: Entity): number;
  /** Scopes to leave to find `entity` and its index there. */
  outer(entity: Entity): { count: number; index: number };
  define(entity: Entity): void;
  nested(): IndexResolver;
  /** The bytes to write for a core module. */
  chunksOf(module: CoreModuleDefinition): readonly Uint8Array[];
}

export type ChunksOf = (module: CoreModuleDefinition) => readonly Uint8Array[];

/** The index spaces while encoding: indices are given in the order in which definitions are written. */
export class EncodeScope implements IndexResolver {
  private readonly indices = new Map<Entity, number>();
  private readonly lengths = new Map<Sort, number>();

  constructor(
    readonly chunksOf: ChunksOf = (module) => module.chunks,
    private readonly parent?: EncodeScope,
  ) {}

  define(entity: Entity): void {
    const index = this.lengths.get(entity.sort) ?? 0;
    this.lengths.set(entity.sort, index + 1);
    this.indices.set(entity, index);
  }

  has(entity: Entity): boolean {
    return this.indices.has(entity);
  }

  protected find(entity: Entity): number | undefined {
    return this.indices.get(entity);
  }

  index(entity: Entity): number {
    const index = this.indices.get(entity);
    // A pass that removed or moved a definition that is still in use has a defect: better no output than a wrong one.
    if (index === undefined) throw new Error(`a ${entity.sort} is used where it is not defined`);
    return index;
  }

  outer(entity: Entity): { count: number; index: number } {
    let count = 0;
    for (let scope: EncodeScope | undefined = this; scope !== undefined; scope = scope.parent, count++) {
      const index = scope.find(entity);
      if (index !== undefined) return { count, index };
    }
    throw new Error(`an outer alias refers to a ${entity.sort} that no enclosing scope defines`);
  }

  nested(): EncodeScope {
    return new EncodeScope(this.chunksOf, this);
  }
}

/** Stands around components that are encoded to be compared: every entity has a number here, which no other one has. */
export class IdentityScope extends EncodeScope {
  private readonly numbers = new Map<Entity, number>();

  protected override find(entity: Entity): number {
    let number = this.numbers.get(entity);
    if (number === undefined) this.numbers.set(entity, (number = this.numbers.size));
    return number;
  }
}

/** Notes what is referred to, for passes that ask whether a definition is still in use. */
export class ReferenceRecorder implements IndexResolver {
  readonly references = new Set<Entity>();

  index(entity: Entity): number {
    this.references.add(entity);
    return 0;
  }

  outer(entity: Entity): { count: number; index: number } {
    this.references.add(entity);
    return { count: 0, index: 0 };
  }

  define(): void {}

  nested(): this {
    return this;
  }

  chunksOf(): readonly Uint8Array[] {
    return [];
  }
}
