import type { Patch } from "./glue-patches.js";

/**
 * What jco's text for components with async functions gets besides: `__async` is the `AsyncRuntime` of the run, which has
 * to see all state that such a component has outside of its memories, globals and tables.
 */
export const ASYNC_PATCHES: readonly Patch[] = [
  {
    what: "the state of component instances",
    pattern: /^\s*const ASYNC_STATE = new Map\(\);$/gm,
    replacement: "const ASYNC_STATE = __async.instances;",
    usedWhere: /\bASYNC_STATE\b/,
    times: 1,
  },
  {
    what: "the count of pending calls of the host",
    pattern: /^\s*const STORE_ASYNC_STATE = \{ deadlockCheck: null, pendingHostOperations: 0 \};$/gm,
    replacement: "const STORE_ASYNC_STATE = __async.store;",
    usedWhere: /\bSTORE_ASYNC_STATE\b/,
    times: 1,
  },
  {
    what: "the creation of tasks",
    pattern: /^\s*this\.#entryFnName = opts\.entryFnName;$/gm,
    replacement: "$&\n__async.taskCreated(this);",
    usedWhere: /\bclass AsyncTask\b/,
    times: 1,
  },
  {
    what: "the end of tasks",
    pattern: /^\s*this\.#exited = true;$/gm,
    replacement: "$&\n__async.taskExited(this);",
    usedWhere: /\bclass AsyncTask\b/,
    times: 1,
  },
  {
    // A callback may trap when nobody waits for its task any more, since `task.return` has ended the call.
    what: "the failure of tasks",
    pattern: /^\s*if \(this\.#errored === null\) \{ this\.#errored = err; \}$/gm,
    replacement: "$&\n__async.onTrap(err);",
    usedWhere: /\bclass AsyncTask\b/,
    times: 1,
  },
  {
    // CanonicalABI.md, `canon_lift`: without a callback as with one, `task.return` alone gives the result.
    what: "async functions without a callback",
    pattern: /^\s*if \(!task\.hasCallback\(\)\) \{\s*task\.resolve\(\[ret\]\);\s*task\.exit\(\);\s*return ret;\s*\}$/gm,
    replacement: `if (!task.hasCallback()) {
      task.exit();
      const result = await task.completionPromise();
      if (task.getErrHandling() !== 'throw-result-err') return result;
      if (result.tag === 'err') throw new ComponentError(result.val);
      return result.val;
    }`,
    usedWhere: /\(!task\.hasCallback\(\)\)/g,
    times: "each",
  },
  {
    // An address like any other.
    what: "results at address 0",
    pattern: /\bcallMetadata\.resultPtr && memory\b/g,
    replacement: "callMetadata.resultPtr !== undefined && memory",
    usedWhere: /\bcallMetadata\.resultPtr && /g,
    times: "each",
  },
  {
    // CanonicalABI.md, `canon_lower`: a call of a function whose type is not async may not wait. jco would let it.
    what: "who may wait",
    pattern:
      /^\s*mayBlock\(\) \{ return this\.isAsync\(\) \|\| this\.isManualAsync\(\) \|\| this\.isResolvedState\(\) \}$/gm,
    replacement: "mayBlock() { return this.isAsync() || this.isResolvedState() }",
    usedWhere: /\bclass AsyncTask\b/,
    times: 1,
  },
  {
    // jco leaves an end that the guest has given away in the guest's table.
    what: "streams and futures that are given to the host",
    pattern:
      /^\s*if \((streamEnd|futureEnd)\.isInSet\(\)\) \{ throw new WebAssemblyRuntimeError\("cannot lift (?:stream|future) [^"]*"\); \}$/gm,
    replacement: "$&\n__async.givenToHost($1);",
    usedWhere: /\bcannot lift (?:stream|future) while\b/g,
    times: "each",
  },
  {
    // It puts the other end there, too, of a stream or future that the guest is given.
    what: "streams and futures of the host",
    pattern: /^\s*const \{ (?:promise|readFn), hostWriteEnd, .*\} = genArgs;$/gm,
    replacement: "$&\n__async.givenToGuest(genArgs);",
    usedWhere: /\bfunction _gen(?:Future|Stream)HostInjectFn\(/g,
    times: "each",
  },
  {
    what: "streams that the host has made",
    pattern: /^\s*function _genReadFnFromLowerableStream\(/gm,
    replacement: `function _genReadFnFromLowerableStream(stream) {
      return __async.reads(_jcoGenReadFnFromLowerableStream(stream), stream);
    }
    function _jcoGenReadFnFromLowerableStream(`,
    usedWhere: /\b_genReadFnFromLowerableStream\(/,
    times: 1,
  },
  {
    // CanonicalABI.md, `DETERMINISTIC_PROFILE`: who need not wait goes on.
    what: "chance",
    pattern: /\bMath\.random\(\)/g,
    replacement: "1",
    usedWhere: /\bMath\.random\(\)/g,
    times: "each",
  },
  {
    what: "exports that may wait",
    pattern: /\bWebAssembly\.promising\(/g,
    replacement: "__async.promising(",
    usedWhere: /\bWebAssembly\.promising\(/g,
    times: "each",
  },
  {
    what: "imports that may wait",
    pattern: /\bnew WebAssembly\.Suspending\(/g,
    replacement: "__async.suspending(",
    usedWhere: /\bWebAssembly\.Suspending\(/g,
    times: "each",
  },
  {
    what: "calls between components that cannot wait",
    pattern: /= _symmetricSyncGuestCallEnter;$/gm,
    replacement: "= __async.atOnce(_symmetricSyncGuestCallEnter);",
    usedWhere: /= _symmetricSyncGuestCallEnter;/g,
    times: "each",
  },
  {
    what: "imports that wait only if they have to",
    pattern: /\{ '': \{ fast, slow: /g,
    replacement: "{ '': { fast: __async.observed(fast), slow: ",
    usedWhere: /^\s*function _conditionalSuspending\w*\(/gm,
    times: "each",
  },
];
