import { ASYNC_PATCHES } from "./async-patches.js";

/**
 * A change to jco's generated text: where `usedWhere` is found, `pattern` must be found `times` times, or once for each
 * place where it is used.
 */
export interface Patch {
  readonly what: string;
  readonly pattern: RegExp;
  readonly replacement: string;
  readonly usedWhere: RegExp;
  /** Where this is found as well, jco's own text stays. */
  readonly exceptWhere?: RegExp;
  readonly times: number | "each";
}

/**
 * How one component calls another, where calls cannot wait and so end in order. The caller's task is put back as it was: jco
 * forgets the task of a component that is entered again while it waits for a call, and wants one where a core module's
 * start function calls, which no task runs.
 */
const ENTER_AND_EXIT = {
  enter: `function _symmetricSyncGuestCallEnter(caller, isAsync, componentIdx) {
    const previous = CURRENT_TASK_META[componentIdx] ?? null;
    const previousCurrent = CURRENT_TASK_META.current ?? null;
    const previousMayBlock = CURRENT_TASK_MAY_BLOCK.value;
    const callee = { componentIdx, isAsync: false, isManualAsync: false, callingWasmExport: false };
    const [task] = createNewCurrentTask({ ...callee, entryFnName: "guest call" });
    SYMMETRIC_SYNC_GUEST_CALL_STACK.push({ task, previous, previousCurrent, previousMayBlock });
    _setGlobalCurrentTaskMeta({ taskID: task.id(), componentIdx });
    CURRENT_TASK_MAY_BLOCK.value = 0;
    return 1;
  }`,
  exit: `function _symmetricSyncGuestCallExit() {
    const { task, previous, previousCurrent, previousMayBlock } = SYMMETRIC_SYNC_GUEST_CALL_STACK.pop();
    task.resolve([]);
    task.exit();
    CURRENT_TASK_META[task.componentIdx()] = previous;
    CURRENT_TASK_META.current = previousCurrent;
    CURRENT_TASK_MAY_BLOCK.value = previousMayBlock;
  }`,
};

/** Calls of async functions, of the component or between components. */
const ASYNC_CALL = /\bsetCalleeIsAsync\(true\)|StartCall\.bind\(/;

const PATCHES: readonly Patch[] = [
  {
    what: "calls between components",
    pattern: /^\s*function _symmetricSyncGuestCallEnter\(/gm,
    replacement: `${ENTER_AND_EXIT.enter}\nfunction _jcoSymmetricSyncGuestCallEnter(`,
    usedWhere: /= _symmetricSyncGuestCallEnter;/,
    exceptWhere: ASYNC_CALL,
    times: 1,
  },
  {
    what: "returns between components",
    pattern: /^\s*function _symmetricSyncGuestCallExit\(/gm,
    replacement: `${ENTER_AND_EXIT.exit}\nfunction _jcoSymmetricSyncGuestCallExit(`,
    usedWhere: /= _symmetricSyncGuestCallExit;/,
    exceptWhere: ASYNC_CALL,
    times: 1,
  },
  {
    // The only view of the handles that a guest holds when its initialization ends.
    what: "its handle tables",
    pattern: /^\s*const HANDLE_TABLES\s*=\s*\[\];$/gm,
    replacement: "const HANDLE_TABLES = __handles.tables;",
    usedWhere: /\bHANDLE_TABLES\[/,
    times: 1,
  },
  {
    // CanonicalABI.md, `load_string_from_range`: what is no UTF-8 traps.
    what: "the decoding of strings",
    pattern: /\bconst TEXT_DECODER_UTF8 = new TextDecoder\(\);/g,
    replacement: 'const TEXT_DECODER_UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });',
    usedWhere: /\bTEXT_DECODER_UTF8\b/,
    times: 1,
  },
  {
    // The same for UTF-16, where it is about surrogates without their other half.
    what: "the decoding of UTF-16",
    pattern: /\bconst utf16Decoder = new TextDecoder\('utf-16'\);/g,
    replacement: 'const utf16Decoder = new TextDecoder("utf-16", { fatal: true, ignoreBOM: true });',
    usedWhere: /\butf16Decoder\b/,
    times: 1,
  },
  {
    // CanonicalABI.md, `convert_int_to_bool`: whatever is not 0 is true.
    what: "the lifting of booleans",
    pattern: /^\s*function throwInvalidBool\(\) \{$/gm,
    replacement: "function throwInvalidBool() { return true; }\nfunction _jcoThrowInvalidBool() {",
    usedWhere: /\bthrowInvalidBool\(\)/,
    times: 1,
  },
  {
    what: "the creation of handles",
    pattern: /^\s*function rscTableCreateOwn\(/gm,
    replacement: `function rscTableCreateOwn(table, rep) {
    const handle = _jcoRscTableCreateOwn(table, rep);
    __handles.noteCreation(table, handle);
    return handle;
  }
  function _jcoRscTableCreateOwn(`,
    usedWhere: /\brscTableCreateOwn\b/,
    times: 1,
  },
  {
    what: "transfers of handles",
    pattern: /^\s*function resourceTransferOwn\(/gm,
    replacement: `function resourceTransferOwn(handle, fromTid, toTid) {
    const newHandle = _jcoResourceTransferOwn(handle, fromTid, toTid);
    __handles.noteTransfer(HANDLE_TABLES[fromTid], handle, HANDLE_TABLES[toTid], newHandle);
    return newHandle;
  }
  function _jcoResourceTransferOwn(`,
    usedWhere: /= resourceTransferOwn;/,
    times: 1,
  },
  {
    what: "the resources of imports",
    pattern: /^(\s*const captureTable\d+\s*= )new Map\(\);$/gm,
    replacement: "$1__handles.newCaptures();",
    usedWhere: /\bcaptureTable\d+\s*=/g,
    times: "each",
  },
  {
    // CanonicalABI.md calls `realloc` for empty strings too, and the preview 1 adapter counts on it: it lays the
    // strings of the environment out by these calls, and an empty value would lose its terminator.
    what: "the encoding of empty strings",
    pattern: /^\s*if \(s\.length === 0\) \{ return \{ ptr: 1, len: 0 \}; \}$/gm,
    // There is a second function for components with async functions, where a call of theirs gives a promise.
    replacement: `if (s.length === 0) {
      const empty = (ptr) => ({ ptr, len: 0, codepoints: 0 });
      const ptr = realloc(0, 0, 1, 0);
      return ptr instanceof Promise ? ptr.then(empty) : empty(ptr);
    }`,
    usedWhere: /\bfunction _utf8AllocateAndEncode(?:Async)?\(/g,
    times: "each",
  },
];

/**
 * Turns the ES module that jco generates into a script whose value is a function: it takes what watches the guest's
 * handles (`GuestHandles`) and its tasks (`AsyncRuntime`, where it may have any) and gives `instantiate`.
 *
 * Each pattern is checked, so that a new version of jco cannot undo a patch unnoticed.
 */
export function patchGlue(source: string, isAsync = false): string {
  let patched = source
    .replace(/^\s*export function instantiate\(/m, "function instantiate(")
    .replace(/^\s*export const _util\b/m, "const _util")
    // The default for a `getCoreModule` that is not given; ours always is.
    .replaceAll("import.meta.url", "undefined");
  if (/^\s*export\b/m.test(patched)) unknown("an export");
  for (const { what, pattern, replacement, usedWhere, exceptWhere, times } of isAsync
    ? [...PATCHES, ...ASYNC_PATCHES]
    : PATCHES) {
    const uses = source.match(usedWhere)?.length ?? 0;
    if (uses === 0 || exceptWhere?.test(source)) continue;
    if (source.match(pattern)?.length !== (times === "each" ? uses : times)) unknown(what);
    patched = patched.replace(pattern, replacement);
  }
  return `(function (__handles${isAsync ? ", __async" : ""}) { ${patched}\nreturn instantiate; })`;
}

function unknown(what: string): never {
  throw new Error(`this version of jco generates ${what} in a way that component-init does not know`);
}
