import { ComponentInitError } from "../errors.js";
import type { MemoryLayout, Slots } from "./layout.js";
import { type Library, TASK_HOOK, type WantedFunction } from "./library.js";
import type { FunctionBinding, Symbols } from "./symbols.js";
import type { ThreadLocalStorage } from "./tls.js";
import { isWorldFunction, worldExports } from "./worlds.js";

/** How a library gets a function of another one. */
export type Call =
  /** The other one is there already: the function itself. */
  | { readonly kind: "direct"; readonly binding: FunctionBinding }
  /** It is made later: by way of its table entry. */
  | { readonly kind: "indirect"; readonly binding: FunctionBinding }
  /** Nobody has it: it traps. */
  | { readonly kind: "stub"; readonly wanted: WantedFunction };

/** All that was decided about a set of libraries. */
export interface LinkPlan {
  /** In the order in which they are given, which is that of their places in memory and of their constructors. */
  readonly libraries: readonly Library[];
  /** In the order in which they are instantiated. */
  readonly order: readonly Library[];
  readonly symbols: Symbols;
  readonly layout: MemoryLayout;
  readonly slots: Slots;
  readonly callOf: (library: Library, wanted: WantedFunction) => Call;
  readonly storage: ThreadLocalStorage;
  /** Where the main thread's pointers to thread-local storage are. */
  readonly storageAddress: number;
  /** Functions that the component's exports are made of, by name. */
  readonly worldFunctions: ReadonlyMap<string, FunctionBinding>;
}

/** The first that allocates as the canonical ABI wants it. */
const REALLOC = { name: "cabi_realloc", signature: "[i32 i32 i32 i32] -> [i32]" } as const;

export function reallocOf(symbols: Symbols): FunctionBinding | undefined {
  return symbols.functions(REALLOC.name).find(({ func }) => func.signature === REALLOC.signature);
}

/** What is told of tasks, where a library wants to be. */
export function taskHookOf(symbols: Symbols): FunctionBinding | undefined {
  return symbols.functions(TASK_HOOK).find(({ func }) => func.signature === "[i32] -> []");
}

/** Decides how every function is reached. */
export function planCalls(order: readonly Library[], symbols: Symbols): LinkPlan["callOf"] {
  const position = new Map(order.map((library, i) => [library, i]));
  return (library, wanted) => {
    const binding = symbols.callee(wanted);
    if (binding === undefined) return { kind: "stub", wanted };
    const isThere = (position.get(binding.library) as number) < (position.get(library) as number);
    return { kind: isThere ? "direct" : "indirect", binding };
  };
}

/**
 * What the component exports of each library, the first of a name.
 *
 * @throws ComponentInitError `link-failed`
 */
export function worldFunctionsOf(libraries: readonly Library[]): Map<string, FunctionBinding> {
  const found = new Map<string, FunctionBinding>();
  for (const library of libraries) {
    const exported = new Set(worldExports(library));
    if (exported.size === 0) continue;
    for (const func of library.definedFunctions.values()) {
      if (!isWorldFunction(func.name, exported) || found.has(func.name)) continue;
      if (func.name === MEMORY) failTaken(library);
      found.set(func.name, { library, func });
    }
  }
  return found;
}

/** Where the canonical ABI finds the program's memory, among the same names. */
export const MEMORY = "memory";

function failTaken({ name }: Library): never {
  throw new ComponentInitError(
    "link-failed",
    `the world of ${name} exports a function called ${MEMORY}, which is what a program calls its memory: give it another name`,
  );
}
