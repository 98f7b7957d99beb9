import type { Component, CoreInstantiation, CoreModuleDefinition, Entity } from "../component/model.js";

/** Core modules and components that a component imports and its user supplies, by import name. */
export interface Supply {
  readonly modules?: Readonly<Record<string, Uint8Array>>;
  readonly components?: Readonly<Record<string, Uint8Array>>;
}

/** A core instance that instantiating the component makes, at whatever depth. */
export interface CoreInstanceNode {
  readonly instantiation: CoreInstantiation;
  /** Instantiated nowhere else. */
  readonly module: CoreModuleDefinition;
  /** The component that instantiates it: the root or a nested one. */
  readonly component: Component;
  /** What the name section calls the instance, or else its module. */
  readonly name: string | undefined;
  readonly moduleName: string | undefined;
}

/** A component in which every core module and every nested component that is instantiated is so exactly once. */
export interface Specialized {
  /** The input, which is not changed. */
  readonly original: Uint8Array;
  readonly component: Component;
  /** In the order in which an engine makes them. */
  readonly instances: readonly CoreInstanceNode[];
  /** Whether it is as it was decoded. */
  readonly isUnchanged: boolean;
  /** What a core module or component is a copy of. */
  readonly origins: ReadonlyMap<Entity, Entity>;
}
