import { fail } from "./error-code.js";
import { FileContent } from "./file-content.js";
import type { Mount } from "./mount.js";
import { byName, join } from "./names.js";
import type { DirectoryEntry, NodeType, Source, SourceDirectory, SourceFile, SpecialType } from "./source.js";
import { NodeTimes } from "./times.js";

/** Where the guest has first found a node, or made it. It tells nodes apart, and does not change with a name. */
interface Place {
  readonly mount: Mount;
  readonly path: string;
}

abstract class NodeBase {
  abstract readonly type: NodeType;
  readonly mount: Mount;
  readonly path: string;
  /** What makes up its inode number: the same in every run and on every machine. */
  readonly identity: string;
  readonly times: NodeTimes;

  constructor({ mount, path }: Place, isNew: boolean) {
    const { state } = mount;
    if (isNew) state.space.takeEntry();
    this.mount = mount;
    this.path = path;
    // No path has a zero byte in it.
    this.identity = isNew ? `\0${state.nextSerial()}` : path;
    this.times = new NodeTimes(isNew ? state.now() : state.start);
  }

  touch(): void {
    this.times.touch(this.mount.state.now());
  }
}

/** A node that can have several names. It goes when none is left and no one has it open. */
abstract class LinkedNode extends NodeBase {
  #links: number;
  /** How many of the links take up space: those of a source do not. */
  #paid: number;
  #holders = 0;

  /** @param links - Those that it has in its source. */
  constructor(place: Place, links?: number) {
    super(place, links === undefined);
    this.#links = links ?? 1;
    this.#paid = links === undefined ? 1 : 0;
  }

  get links(): number {
    return this.#links;
  }

  link(): void {
    this.mount.state.space.takeEntry();
    this.#paid++;
    this.#links++;
    this.times.change = this.mount.state.now();
  }

  unlink(): void {
    if (this.#paid > 0) {
      this.#paid--;
      this.mount.state.space.giveBackEntry();
    }
    this.#links--;
    this.times.change = this.mount.state.now();
    this.#releaseIfGone();
  }

  hold(): void {
    this.#holders++;
  }

  letGo(): void {
    this.#holders--;
    this.#releaseIfGone();
  }

  protected release(): void {}

  #releaseIfGone(): void {
    if (this.#links === 0 && this.#holders === 0) this.release();
  }
}

export class FileNode extends LinkedNode {
  readonly type = "regular-file";
  readonly content: FileContent;
  readonly #source: SourceFile | undefined;

  constructor(place: Place, source?: SourceFile) {
    super(place, source?.links);
    this.#source = source;
    this.content = new FileContent(place.mount.state.space, source);
  }

  get size(): number {
    return this.content.size;
  }

  /** Up to `max` bytes, none at or past the end. The caller does not change them. */
  read(offset: bigint, max: number): Uint8Array {
    if (this.#source !== undefined && this.content.showsSource)
      this.mount.state.reads.add(() => this.path, this.#source);
    if (offset >= BigInt(this.size)) return new Uint8Array();
    return this.content.read(Number(offset), max);
  }

  write(offset: bigint, bytes: Uint8Array): void {
    this.content.write(toFilePosition(offset), bytes);
    this.touch();
  }

  resize(size: bigint): void {
    this.content.resize(toFilePosition(size));
    this.touch();
  }

  protected override release(): void {
    this.content.release();
  }
}

function toFilePosition(offset: bigint): number {
  return offset <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(offset) : fail("file-too-large");
}

export class SymlinkNode extends LinkedNode {
  readonly type = "symbolic-link";

  constructor(
    place: Place,
    readonly target: string,
    isNew = true,
  ) {
    super(place, ...(isNew ? [] : [1]));
  }
}

export class SpecialNode extends LinkedNode {
  constructor(
    place: Place,
    readonly type: SpecialType,
  ) {
    super(place, 1);
  }
}

/** Entries of the source, with the guest's changes and further mounts over them. */
export class DirectoryNode extends NodeBase {
  readonly type = "directory";
  /** Within its mount. */
  parent: DirectoryNode | undefined;
  readonly #source: SourceDirectory | undefined;
  /** What was found in the source stays: type, size and identity do not change under the guest. */
  readonly #found = new Map<string, Node>();
  readonly #changes = new Map<string, Node | undefined>();
  readonly #mounts = new Map<string, DirectoryNode>();
  #isRemoved = false;

  constructor(place: Place, origin: { readonly source?: SourceDirectory; readonly parent?: DirectoryNode } = {}) {
    super(place, origin.source === undefined);
    this.#source = origin.source;
    this.parent = origin.parent;
  }

  /** What the guest finds. @param name - One component of a path, neither `.` nor `..`. */
  lookup(name: string): Node | undefined {
    return this.#mounts.get(name) ?? this.lookupOwn(name);
  }

  /** Without what is mounted here. */
  lookupOwn(name: string): Node | undefined {
    return this.#changes.has(name) ? this.#changes.get(name) : this.#lookupSource(name);
  }

  /** Without `.` and `..`, ordered by name. */
  list(): DirectoryEntry[] {
    const entries = new Map(this.#source?.list().map((entry) => [entry.name, entry]));
    for (const [name, node] of this.#changes) {
      if (node === undefined) entries.delete(name);
      else entries.set(name, { type: node.type, name });
    }
    for (const name of this.#mounts.keys()) entries.set(name, { type: "directory", name });
    return [...entries.values()].sort(byName);
  }

  set(name: string, node: Node): void {
    this.#changes.set(name, node);
    if (node.type === "directory") node.parent = this;
    this.touch();
  }

  delete(name: string): void {
    // A name that the source does not have leaves no trace, so that making and removing files takes no memory.
    if (this.#found.has(name)) this.#changes.set(name, undefined);
    else this.#changes.delete(name);
    this.touch();
  }

  /** A removed directory can still be open; nothing can be made in it. */
  get isRemoved(): boolean {
    return this.#isRemoved;
  }

  remove(): void {
    this.#isRemoved = true;
    if (this.#source === undefined) this.mount.state.space.giveBackEntry();
  }

  attach(name: string, root: DirectoryNode): void {
    this.#mounts.set(name, root);
  }

  isMountPoint(name: string): boolean {
    return this.#mounts.has(name);
  }

  /** What was found in the source so far, also what the guest has removed since, ordered by name. */
  found(): [string, Node][] {
    return [...this.#found].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  foundAt(name: string): Node | undefined {
    return this.#found.get(name);
  }

  /** The entries that the guest has looked at or changed, as they are now, ordered by name. */
  current(): [string, Node][] {
    const names = new Set([...this.#found.keys(), ...this.#changes.keys()]);
    return [...names].sort().flatMap((name) => {
      const node = this.lookupOwn(name);
      return node === undefined ? [] : [[name, node] as [string, Node]];
    });
  }

  #lookupSource(name: string): Node | undefined {
    const known = this.#found.get(name);
    if (known !== undefined) return known;
    const source = this.#source?.lookup(name);
    if (source === undefined) return undefined;
    const node = this.#toNode(name, source);
    this.#found.set(name, node);
    return node;
  }

  #toNode(name: string, source: Source): Node {
    const place = { mount: this.mount, path: join(this.path, name) };
    if (source.type === "directory") return new DirectoryNode(place, { source, parent: this });
    if (source.type === "regular-file") return this.mount.fileOf(source, () => new FileNode(place, source));
    if (source.type === "symbolic-link") return new SymlinkNode(place, source.target, false);
    return new SpecialNode(place, source.type);
  }
}

/** A node of the guest's file system tree. */
export type Node = FileNode | DirectoryNode | SymlinkNode | SpecialNode;
