import { DEINITIALIZE_ENVIRON } from "../instrument/libc.js";
import { adapterWarning } from "./adapters.js";
import type { Forgotten } from "./forgotten.js";
import type { InitializedInstance } from "./initialized-instance.js";
import { type LibcWatch, rememberingWarning } from "./libc.js";

/** The end of an initialization, as far as the guest is to forget its host. */
export interface Ended {
  readonly instances: readonly InitializedInstance[];
  /** Whether the guest exited: its frames are still open, so nothing of it can be called. */
  readonly exited: boolean;
  readonly environmentRead: boolean;
}

export interface Forgot {
  readonly warnings: readonly string[];
  /** Positions of core instances that know the numbers of directories, which their memory does not tell. */
  readonly keepingPreopens: ReadonlySet<number>;
}

/** Makes a guest forget its host: the numbers of directories, and where it exports a function for it the environment. */
export function forgetHost(libc: LibcWatch, ended: Ended, forget: readonly Forgotten[]): Forgot {
  const { instances, exited } = ended;
  const forgetful = exited ? new Set<undefined>() : libc.callLibraries(instances, forget);
  const remembering = libc.clearTables(instances, forget, forgetful);
  const hidden = remembering.filter(({ isFound }) => !isFound);
  return {
    warnings: [
      ...instances.flatMap(adapterWarning),
      ...remembering.map(({ instance }) => rememberingWarning(instances[instance] as InitializedInstance, instance)),
      ...(ended.environmentRead && forget.includes("environ") ? instances.flatMap(foreignWarning) : []),
    ],
    keepingPreopens: new Set(hidden.map(({ instance }) => instance)),
  };
}

function foreignWarning({ module, info }: InitializedInstance, position: number): string[] {
  if (!module.libc.foreign.has(DEINITIALIZE_ENVIRON) || module.libc.isShared) return [];
  return [
    `core instance ${info.name ?? position} exports ${DEINITIALIZE_ENVIRON}, which is not wasi-libc's: it is not called, and ` +
      "variables may stay what they were while initializing",
  ];
}
