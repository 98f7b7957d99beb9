import { createHash } from "node:crypto";
import { componentNames } from "../component/graph.js";
import { nameOf } from "../component/names.js";
import { ComponentInitError } from "../errors.js";
import type { InitFunction } from "../instrument/init-func.js";
import { decodeDefinition } from "../instrument/module.js";
import { adapterKind } from "../instrument/preview1-adapter.js";
import { encodeModule } from "../module/encode.js";
import { globalSpace, memorySpace, tableSpace } from "../module/index-spaces.js";
import type { CoreModule } from "../module/model.js";
import { formatValueType } from "../module/value-types.js";
import type { Specialized } from "../specialize/model.js";

/** From positions of core instances in one component to positions in another. */
export type Correspondence = ReadonlyMap<number, Counterpart>;

export interface Counterpart {
  readonly instance: number;
  /** Whether the modules do the same, so that indices mean the same in both. */
  readonly isEqual: boolean;
}

interface Candidate {
  readonly position: number;
  readonly names: readonly string[];
  readonly instanceName: string | undefined;
  readonly module: CoreModule;
  readonly fingerprint: string;
}

/**
 * Says which core instances of two components correspond, so that a snapshot of one can be written into the other, as
 * componentize-py does: initialize with a real WASI, ship with stubs.
 *
 * Instances are paired as `given` says, then where the modules are equal but for custom sections (and, when several
 * are, where the instances have the same name). Every instance of `source` with state of its own must find a partner; the preview 1 adapter need not, because
 * it starts afresh.
 *
 * @param given - names of core instances or their modules (or positions, as text): source to target
 * @throws {@link ComponentInitError} `no-correspondence`
 */
export function findCorrespondence(
  source: Specialized,
  target: Specialized,
  given: Readonly<Record<string, string>> = {},
): Correspondence {
  const from = candidates(source);
  const to = candidates(target);
  const pairs = new Map<number, Counterpart>();
  const sourceNamed = byName(from, "snapshotted component");
  const targetNamed = byName(to, "component to write");
  for (const [sourceName, targetName] of Object.entries(given)) {
    const left = sourceNamed(sourceName);
    const right = targetNamed(targetName);
    checkShape(left, right);
    const isEqual = left.fingerprint === right.fingerprint;
    pairs.set(left.position, { instance: right.position, isEqual });
  }
  pairEqual(from, to, pairs);
  for (const one of from) if (!pairs.has(one.position) && hasState(one) && !isAdapter(one)) noPartner(one, to);
  return pairs;
}

function candidates({ instances }: Specialized): Candidate[] {
  return instances.map(({ module, component, instantiation, moduleName }, position) => {
    const instanceName = nameOf(componentNames(component), instantiation);
    const names = [instanceName, moduleName, String(position)].filter((name) => name !== undefined);
    const decoded = decodeDefinition(module);
    return { position, names, instanceName, module: decoded, fingerprint: fingerprintOf(decoded) };
  });
}

/** Finds the only one of a name. */
function byName(list: readonly Candidate[], where: string): (name: string) => Candidate {
  const known = new Map<string, Candidate[]>();
  for (const candidate of list) {
    for (const name of new Set(candidate.names)) {
      const others = known.get(name);
      if (others === undefined) known.set(name, [candidate]);
      else others.push(candidate);
    }
  }
  return (name) => {
    const [only, ...others] = known.get(name) ?? [];
    if (only !== undefined && others.length === 0) return only;
    const problem = only === undefined ? "no core instance" : "more than one core instance";
    throw new ComponentInitError(
      "no-correspondence",
      `the ${where} has ${problem} named ${name}; it has ${namesOf(list)}`,
    );
  };
}

/** How many names a message lists. */
const SHOWN = 50;

function namesOf(list: readonly Candidate[]): string {
  const names = list.slice(0, SHOWN).map((one) => one.names[0]);
  return `${names.join(", ")}${list.length > SHOWN ? ", …" : ""}`;
}

/** Equal modules are paired; where several are equal, those with the same name. */
function pairEqual(from: readonly Candidate[], to: readonly Candidate[], pairs: Map<number, Counterpart>): void {
  const taken = new Set([...pairs.values()].map(({ instance }) => instance));
  const free = Map.groupBy(
    to.filter(({ position }) => !taken.has(position)),
    ({ fingerprint }) => fingerprint,
  );
  const wanted = Map.groupBy(
    from.filter(({ position }) => !pairs.has(position)),
    ({ fingerprint }) => fingerprint,
  );
  for (const [key, left] of wanted) {
    const right = free.get(key) ?? [];
    const named = Map.groupBy(right, ({ instanceName }) => instanceName);
    for (const one of left) {
      const partners = left.length === 1 && right.length === 1 ? right : sharingName(one, named);
      const [only] = partners;
      if (only !== undefined && partners.length === 1)
        pairs.set(one.position, { instance: only.position, isEqual: true });
    }
  }
}

function sharingName(
  { instanceName }: Candidate,
  named: ReadonlyMap<string | undefined, readonly Candidate[]>,
): readonly Candidate[] {
  return instanceName === undefined ? [] : (named.get(instanceName) ?? []);
}

/** What a module does, whatever its sections of metadata say. */
function fingerprintOf(module: CoreModule): string {
  const plain = module.copy();
  plain.filterCustomSections(() => false);
  const hash = createHash("sha256");
  for (const chunk of encodeModule(plain).toChunks()) hash.update(chunk);
  return hash.digest("hex");
}

function hasState({ module }: Candidate): boolean {
  return module.memories.length + module.tables.length > 0 || module.globals.some(({ type }) => type.mutable);
}

function isAdapter({ module }: Candidate): boolean {
  return adapterKind(module, undefined) === "known";
}

function noPartner(one: Candidate, to: readonly Candidate[]): never {
  throw new ComponentInitError(
    "no-correspondence",
    `core instance ${one.names[0]} has state, and the component to write has no equal module for it: ` +
      `name its counterpart (one of ${namesOf(to)})`,
  );
}

/** A counterpart that is not equal must at least define the same memories, tables and mutable globals, at the same indices. */
function checkShape(left: Candidate, right: Candidate): void {
  if (shape(left.module) === shape(right.module)) return;
  throw new ComponentInitError(
    "no-correspondence",
    `core instances ${left.names[0]} and ${right.names[0]} do not define the same memories, tables and mutable globals`,
  );
}

function shape(module: CoreModule): string {
  const memories = memorySpace(module).map(({ imported, index, type }) => (imported ? "" : `${index}:${type.is64}`));
  const globals = globalSpace(module).map(({ imported, index, type }) => {
    return imported || !type.mutable ? "" : `${index}:${formatValueType(type.value)}`;
  });
  const tables = tableSpace(module).map(({ imported, index, type }) => {
    return imported ? "" : `${index}:${type.is64}:${formatValueType(type.element)}`;
  });
  return JSON.stringify([memories.filter(Boolean), globals.filter(Boolean), tables.filter(Boolean)]);
}

/** The component to write may not export the init function at all. */
export function initInTarget(init: InitFunction, pairs: Correspondence): InitFunction | undefined {
  if (init.kind !== "core") return init;
  const instance = pairs.get(init.instance)?.instance;
  return instance === undefined ? undefined : { ...init, instance };
}
