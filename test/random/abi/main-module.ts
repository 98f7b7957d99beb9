import { FaultSource } from "./faults.js";
import { allFuncs, type Func, type Plan, resourcesOf, type WriterContext } from "./plan.js";
import { type Core, layout, type Pointer, type Resource, recordLayout, type Type } from "./shapes.js";
import { ENCODINGS, type Encoding, randomValue, type StaticData, ValueWriter } from "./values.js";
import { bits, see, Visitors } from "./visitors.js";

const MAX_FLAT_PARAMS = 16;
const MAX_FLAT_ASYNC_PARAMS = 4;
/** Handles that a component keeps of a resource, at most. */
const SLOTS = 3;

export interface Lowered {
  readonly func: Func;
  readonly options: string;
}

export interface UsedBuiltin {
  readonly name: "resource.new" | "resource.drop" | "resource.rep";
  readonly resource: Resource;
  readonly id: string;
}

/** A stream that a component makes and writes to, or gets and reads from. */
export interface UsedStream {
  readonly func: Func;
  readonly encoding: Encoding;
  readonly builtins: readonly string[];
}

const WRITING = ["new", "write", "cancel-write", "drop-writable"];
const READING = ["read", "cancel-read", "drop-readable"];
const STREAM_TYPES: Readonly<Record<string, string>> = {
  new: "(result i64)",
  write: "(param i32 i32 i32) (result i32)",
  read: "(param i32 i32 i32) (result i32)",
  "cancel-write": "(param i32) (result i32)",
  "cancel-read": "(param i32) (result i32)",
  "drop-writable": "(param i32)",
  "drop-readable": "(param i32)",
};

interface Lift {
  readonly encoding: Encoding;
  readonly options: string;
  /** Whether it is lifted with `async` and a callback, and gives its result to `task.return`. */
  readonly isAsync: boolean;
  readonly postReturn: boolean;
}

/** The module that does what a component does: it calls others, and looks at all that it is given. */
export class MainModule {
  readonly lowered: Lowered[] = [];
  readonly builtins: UsedBuiltin[] = [];
  readonly streams: UsedStream[] = [];
  private readonly streamLists = new Map<Func, Type>();
  private readonly encodings = new Map<Func, Encoding>();
  /** Functions that it calls asynchronously: they return at once, all the same. */
  private readonly calledAsync = new Set<Func>();
  private readonly lifts = new Map<Func, Lift>();
  private readonly visitors: Visitors;
  private readonly resources: readonly Resource[];
  private readonly callable: readonly Func[];
  private readonly encoding: Encoding;

  constructor(
    private readonly plan: Plan,
    private readonly data: StaticData,
    private readonly context: WriterContext,
  ) {
    const { random } = context;
    this.encoding = random.pick(ENCODINGS);
    const foreign = [...plan.imported, ...plan.children.flatMap(allFuncs)];
    this.resources = [...new Set([...plan.resources, ...resourcesOf(foreign)])];
    this.callable = foreign.filter((func) =>
      resourcesOf([{ ...func, result: undefined }]).every((one) => this.canMake(one)),
    );
    this.visitors = new Visitors(plan.pointer, { use: this.useHandle });
    for (const func of foreign) this.lower(func);
    for (const resource of this.resources) this.defineBuiltins(resource);
    for (const func of plan.exported) this.lifts.set(func, this.someLift(func));
    for (const func of [...foreign, ...plan.exported]) this.useStream(func, plan.exported.includes(func));
  }

  private useStream(func: Func, isWriter: boolean): void {
    if (func.result?.kind !== "stream") return;
    const encoding = isWriter ? this.optionsOf(func).encoding : (this.encodings.get(func) as Encoding);
    this.streams.push({ func, encoding, builtins: isWriter ? WRITING : READING });
    this.streamLists.set(func, { kind: "list", element: func.result.element });
  }

  /** Functions whose results go to `task.return`. */
  get asyncLifted(): Func[] {
    return this.plan.exported.filter((func) => this.optionsOf(func).isAsync);
  }

  optionsOf(func: Func): Lift {
    return this.lifts.get(func) as Lift;
  }

  private get pointer(): Pointer {
    return this.plan.pointer;
  }

  private isOwn(resource: Resource): boolean {
    return resource.definer === this.plan.index;
  }

  /** How a handle comes about. */
  private maker(resource: Resource): Func | undefined {
    return [...this.plan.imported, ...this.plan.children.flatMap(allFuncs)].find(
      ({ name }) => name === `make-${resource.name}`,
    );
  }

  private canMake(resource: Resource): boolean {
    return this.isOwn(resource) || this.maker(resource) !== undefined;
  }

  private someEncoding(): Encoding {
    const { random } = this.context;
    return random.chance(0.8) ? this.encoding : random.pick(ENCODINGS);
  }

  private optionsFor(encoding: Encoding): string {
    return `(memory (core memory $memory)) (realloc (core func $realloc)) string-encoding=${encoding}`;
  }

  private lower(func: Func): void {
    const encoding = this.someEncoding();
    this.encodings.set(func, encoding);
    // What is not async must not wait for what is.
    const { isAsync } = func;
    if (isAsync) this.calledAsync.add(func);
    this.lowered.push({ func, options: `${this.optionsFor(encoding)}${isAsync ? " async" : ""}` });
  }

  private someLift(func: Func): Lift {
    const { random } = this.context;
    const encoding = this.someEncoding();
    const isAsync = func.isAsync === true && random.chance(0.7);
    const options = `${this.optionsFor(encoding)}${isAsync ? " async (callback (core func $callback))" : ""}`;
    return { encoding, options, isAsync, postReturn: !isAsync && random.chance(0.5) };
  }

  /** `task.return` takes as much flat as a function does. */
  private returnType({ result }: Func): readonly Core[] {
    const flat = result === undefined ? [] : layout(result, this.pointer).flat;
    return flat.length > MAX_FLAT_PARAMS ? [this.pointer] : flat;
  }

  private defineBuiltins(resource: Resource): void {
    const names = this.isOwn(resource) ? (["new", "drop", "rep"] as const) : (["drop"] as const);
    for (const name of names) {
      this.builtins.push({ name: `resource.${name}`, resource, id: `$${name}_${resource.name}` });
    }
  }

  write(): string {
    const { plan } = this;
    this.context.faults.likelihood = plan.exported.some(({ name }) => name === "init") ? 0.5 : 0.1;
    const functions = plan.exported.map((func) => this.function(func));
    const hook = this.hooks();
    const lowered = this.lowered.map(({ func }) => {
      const { params, results } = this.coreType(func, "lower");
      return `(import "f" "${func.name}" (func $lower-${func.name} (param ${params.join(" ")}) (result ${results.join(" ")})))`;
    });
    const builtins = this.builtins.map(({ id, name }) => {
      const result = name === "resource.drop" ? "" : "(result i32)";
      return `(import "f" "${id.slice(1)}" (func ${id} (param i32) ${result}))`;
    });
    const returns = this.asyncLifted.map((func) => {
      return `(import "f" "return-${func.name}" (func $return-${func.name} (param ${this.returnType(func).join(" ")})))`;
    });
    const streams = this.streams.flatMap(({ func: { name }, builtins }) =>
      builtins.map((one) => `(import "f" "${one}-${name}" (func $${one}-${name} ${STREAM_TYPES[one]}))`),
    );
    const pools = this.resources.map((resource) => this.pool(resource));
    return `
      (import "m" "memory" (memory ${this.pointer === "i64" ? "i64 " : ""}4))
      (import "m" "log" (func $log (param i64)))
      (import "m" "see" (func $see (param i64)))
      (import "m" "bytes" (func $bytes (param ${this.pointer} ${this.pointer})))
      (import "m" "hooks" (table $hooks 3 funcref))
      ${lowered.join("\n")}
      ${builtins.join("\n")}
      ${returns.join("\n")}
      ${streams.join("\n")}
      (func (export "callback") (param i32 i32 i32) (result i32) unreachable)
      (global $fresh (mut i32) (i32.const ${100 * plan.index + 100}))
      ${pools.join("\n")}
      ${hook}
      ${this.visitors.functions.join("\n")}
      ${functions.join("\n")}`;
  }

  /**
   * What happens in `realloc`, where nothing but a trap can come of it, in destructors, and when someone calls while a call
   * of this component may be under way: handles that are lent in that must not go.
   */
  private hooks(): string {
    const { faults, random } = this.context;
    const inRealloc = faults.here("left in realloc", 0.5);
    const { resources, children, early } = this.plan;
    // A child that drops a resource of the component around it, whose destructor calls the child: CanonicalABI.md,
    // `may_enter_from`, does not let the child be entered again, and Wasmtime does.
    const isCalledBack = children.some(({ imported }) => imported.some((func) => early.includes(func)));
    const inDtor = resources.length > 0 && random.chance(0.4) && !isCalledBack;
    const inPoke =
      random.chance(0.5) && resources.length > 0 ? this.handleStatement(random.pick(resources)) : undefined;
    return `
      ${inPoke === undefined ? "" : `(elem (i32.const 2) func $poke-hook) (func $poke-hook ${inPoke})`}
      ${inRealloc ? `(elem (i32.const 0) func $realloc-hook) (func $realloc-hook ${LOCALS} ${this.leave()})` : ""}
      ${
        inDtor
          ? `(elem (i32.const 1) func $dtor-hook)
        (func $dtor-hook ${LOCALS} (call $log (i64.const 0xd70)) ${this.simpleCall()})`
          : ""
      }`;
  }

  /**
   * Any call out of the instance that has to trap. Wasmtime 50 does not always stop those that are asynchronous: the calls nest
   * until its handles run out.
   */
  private leave(): string {
    const [resource] = this.resources;
    if (resource !== undefined && this.isOwn(resource)) return `(drop (call $new_${resource.name} (i32.const 1)))`;
    return this.simpleCall((func) => !this.calledAsync.has(func)) || "unreachable";
  }

  /** A call that uses none of the handles that the component has. */
  private simpleCall(isAllowed: (func: Func) => boolean = () => true): string {
    const { random } = this.context;
    const simple = this.callable.filter((func) => resourcesOf([func]).length === 0 && isAllowed(func));
    return simple.length === 0 ? "" : this.call(random.pick(simple));
  }

  private coreType(func: Func, side: "lift" | "lower"): { params: readonly Core[]; results: readonly Core[] } {
    const { pointer } = this;
    const flat = recordLayout(func.params, pointer).flat;
    const params = flat.length > this.maxFlatParams(func, side) ? [pointer] : flat;
    const results = func.result === undefined ? [] : layout(func.result, pointer).flat;
    if (side === "lift" && this.optionsOf(func).isAsync) return { params, results: ["i32"] };
    if (side === "lower" && this.calledAsync.has(func)) {
      return { params: results.length > 0 ? [...params, pointer] : params, results: ["i32"] };
    }
    if (results.length <= 1) return { params, results };
    return side === "lift" ? { params, results: [pointer] } : { params: [...params, pointer], results: [] };
  }

  private maxFlatParams(func: Func, side: "lift" | "lower"): number {
    return side === "lower" && this.calledAsync.has(func) ? MAX_FLAT_ASYNC_PARAMS : MAX_FLAT_PARAMS;
  }

  /** Handles in globals: got by whoever needs one, kept by whoever has one left. */
  private pool(resource: Resource): string {
    const { name } = resource;
    const globals = Array.from({ length: SLOTS }, (_, i) => `(global $slot_${name}_${i} (mut i32) (i32.const 0))`);
    return `${globals.join(" ")}
      ${Array.from({ length: SLOTS }, (_, i) => this.slotFunctions(resource, `${name}_${i}`)).join("\n")}`;
  }

  private slotFunctions(resource: Resource, slot: string): string {
    const { name } = resource;
    const global = `(global.get $slot_${slot})`;
    const make = `(global.set $fresh (i32.add (global.get $fresh) (i32.const 1)))
        (global.set $slot_${slot} (call ${this.isOwn(resource) ? `$new_${name}` : `$lower-make-${name}`} (global.get $fresh)))
        ${see(`(i64.extend_i32_u ${global})`)}`;
    const get = this.canMake(resource)
      ? `(func $get_${slot} (result i32) (if (i32.eqz ${global}) (then ${make})) ${global})
      (func $take_${slot} (result i32) (call $get_${slot}) (global.set $slot_${slot} (i32.const 0)))`
      : "";
    return `${get}
      (func $keep_${slot} (param $h i32) (if (i32.eqz ${global})
        (then (global.set $slot_${slot} (local.get $h))) (else (call $drop_${name} (local.get $h)))))
      (func $clear_${slot} (if ${global} (then (call $drop_${name} ${global}) (global.set $slot_${slot} (i32.const 0)))))`;
  }

  /** What a function does with a handle that it was given. */
  private readonly useHandle = (kind: "own" | "borrow", resource: Resource, handle: string): string => {
    const { random, faults } = this.context;
    const { name } = resource;
    const isOwn = this.isOwn(resource);
    if (kind === "own") {
      const rep = isOwn ? see(`(i64.extend_i32_u (call $rep_${name} ${handle}))`) : "";
      if (faults.here("handle given away twice")) {
        return `${rep} (call $drop_${name} ${handle}) (call $drop_${name} ${handle})`;
      }
      return `${rep} ${random.chance(0.6) ? `(call $keep_${name}_${random.below(SLOTS)} ${handle})` : `(call $drop_${name} ${handle})`}`;
    }
    // Where a resource is defined, a borrowed one is its representation.
    if (isOwn) return "";
    const peek = this.callable.find((func) => func.name === `peek-${name}`);
    const take = this.callable.find((func) => func.name === `take-${name}`);
    if (take !== undefined && faults.here("borrow as own", 0.4)) return `(call $lower-${take.name} ${handle})`;
    const lend = peek !== undefined && random.chance(0.5) ? `(call $lower-peek-${name} ${handle})` : "";
    return `${lend} ${faults.here("borrow kept", 0.4) ? "" : `(call $drop_${name} ${handle})`}`;
  };

  /**
   * Makes a stream, and leaves it with a write that waits for whoever reads. What became of the write before is asked when
   * the next one comes.
   */
  private streamFunction(func: Func): string {
    const { name } = func;
    const { encoding, postReturn } = this.optionsOf(func);
    const { random } = this.context;
    const list = this.streamLists.get(func) as Extract<Type, { readonly kind: "list" }>;
    // What is wrong with a write traps at once (CanonicalABI.md, `BufferGuestImpl`), and in Wasmtime when someone reads.
    const noFaults = new FaultSource(undefined, random);
    const values = Array.from({ length: random.chance(0.1) ? 0 : random.between(1, 5) }, () =>
      randomValue(list.element, random),
    );
    const writer = new ValueWriter(this.data, this.pointer, encoding, random, noFaults, this.resultHandles());
    const [ptr, length] = writer.flat(list, values) as [string, string];
    const end = `(global.get $writer-${name})`;
    const logged = (value: string) => `(call $log (i64.extend_i32_u ${value}))`;
    // When the reader has taken all of it, has waited for more and then dropped its end, CanonicalABI.md,
    // `SharedStreamImpl`, says that the write was completed, and Wasmtime that the other end was dropped.
    const all = `(i32.eq (i32.shr_u (local.get $got) (i32.const 4)) (i32.const ${values.length}))`;
    const cancelled = `(local.set $got (call $cancel-write-${name} ${end}))
        ${logged(`(select (i32.const ${values.length}) (local.get $got) ${all})`)}`;
    return `(global $writer-${name} (mut i32) (i32.const 0))
      (func (export "${name}") (result i32) (local $ends i64) (local $got i32)
        (if ${end} (then ${cancelled} (call $drop-writable-${name} ${end})))
        (local.set $ends (call $new-${name}))
        ${see("(local.get $ends)")}
        (global.set $writer-${name} (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
        ${logged(`(call $write-${name} ${end} ${ptr} ${length})`)}
        (i32.wrap_i64 (local.get $ends)))
      ${postReturn ? this.postReturn(func, ["i32"]) : ""}`;
  }

  /** Reads from a stream until nothing is there, or not even that far. */
  private readStream(func: Func, encoding: Encoding, call: string): string {
    const { random } = this.context;
    const { name } = func;
    const list = this.streamLists.get(func) as Extract<Type, { readonly kind: "list" }>;
    const { size, align } = layout(list.element, this.pointer);
    const reads = Array.from({ length: random.between(0, 3) }, () => {
      const count = random.between(0, 4);
      const at = `(i32.const ${this.data.allocate(size * count, align)})`;
      return `(if (i32.ne (local.get $got) (i32.const -1)) (then
        (local.set $got (call $read-${name} (local.get $stream) ${at} (i32.const ${count})))
        (call $log (i64.extend_i32_u (local.get $got)))
        (if (i32.eq (local.get $got) (i32.const -1))
          (then (call $log (i64.extend_i32_u (call $cancel-read-${name} (local.get $stream)))))
          (else ${this.visitors.values([list], encoding, "consume", [at, "(i32.shr_u (local.get $got) (i32.const 4))"])}))))`;
    });
    return `(local.set $stream ${call}) (local.set $got (i32.const 0))
      ${see("(i64.extend_i32_u (local.get $stream))")}
      ${reads.join("\n")}
      (call $drop-readable-${name} (local.get $stream))`;
  }

  /** A function that is exported. */
  private function(func: Func): string {
    if (func.result?.kind === "stream") return this.streamFunction(func);
    const { name, params: types, result } = func;
    const { encoding, postReturn, isAsync } = this.optionsOf(func);
    const { params, results } = this.coreType(func, "lift");
    const given = params.map((core, i) => `(param $a${i} ${core})`).join(" ");
    const values = params.map((_, i) => `(local.get $a${i})`);
    const logged = params.map((core, i) => `(call $log ${bits(values[i] as string, core)})`).join(" ");
    const echo = this.echo(func, values);
    const mode = echo === undefined ? "consume" : "peek";
    const flatCount = recordLayout(types, this.pointer).flat.length;
    const visits =
      flatCount > MAX_FLAT_PARAMS
        ? this.visitors.block(types, encoding, mode, "(local.get $a0)")
        : this.visitors.values(types, encoding, mode, values);
    const body = this.body(func);
    const returned = isAsync ? this.returnAsync(func, echo) : (echo ?? this.result(result, encoding, 1));
    const post = postReturn ? this.postReturn(func, results) : "";
    return `(func (export "${name}") ${given} (result ${results.join(" ")}) ${LOCALS}
        (call $log (i64.const ${0xf000 + this.plan.exported.indexOf(func)}))
        ${logged}
        ${visits}
        ${body}
        ${returned})
      ${post}`;
  }

  private returnAsync(func: Func, echo: string | undefined): string {
    const { encoding } = this.optionsOf(func);
    // Whoever has returned may go on.
    const after = this.context.random.chance(0.3) ? `(call $log (i64.const 0xaf7e4)) ${this.simpleCall()}` : "";
    const returned = echo ?? this.result(func.result, encoding, MAX_FLAT_PARAMS);
    return `${returned} (call $return-${func.name}) ${after} (i32.const 0)`;
  }

  private postReturn({ name }: Func, results: readonly Core[]): string {
    const { faults, mayWait } = this.context;
    const given = results.map((core) => `(param $r ${core})`).join("");
    const logged = results.map((core) => `(call $log ${bits("(local.get $r)", core)})`).join("");
    // CanonicalABI.md, `canon_lift`, does not let `post-return` call anything. Wasmtime makes sure of it only where the host
    // has called, and what is called is not async.
    const mayBeFault = name === "init" && !mayWait;
    const left = mayBeFault && faults.here("left in post-return") ? this.leave() : "";
    return `(func (export "post-${name}") ${given} ${LOCALS} (call $log (i64.const 0x9057)) ${logged} ${left})`;
  }

  private body(func: Func): string {
    const { random, faults, parts } = this.context;
    if (func.name === "init") return this.initBody();
    const count = /^val-/.test(func.name) ? 0 : random.pick([0, 0, 0, 1, 1, 2]);
    const statements = Array.from({ length: count }, () => this.statement()).map((text) => parts.optional(text));
    return `${faults.here("unreachable") ? "unreachable" : ""} ${statements.join("\n")}`;
  }

  private initBody(): string {
    const { random, parts } = this.context;
    const statements = Array.from({ length: random.between(3, 12) }, () => this.statement());
    return statements.map((text) => parts.optional(text)).join("\n");
  }

  private statement(): string {
    const { random } = this.context;
    const interesting = this.callable.filter((func) => !isHandleFunction(func));
    if (this.resources.length > 0 && random.chance(0.2)) return this.handleStatement(random.pick(this.resources));
    const pool = interesting.length > 0 && random.chance(0.9) ? interesting : this.callable;
    return pool.length === 0 ? "" : this.call(random.pick(pool));
  }

  private handleStatement(resource: Resource): string {
    const { random, faults } = this.context;
    const { name } = resource;
    const slot = `${name}_${random.below(SLOTS)}`;
    const other = this.resources.find((one) => one !== resource && this.canMake(one));
    if (other !== undefined && faults.here("handle of another type")) {
      return `(call $drop_${name} (call $get_${other.name}_0))`;
    }
    if (random.chance(0.5) || !this.canMake(resource)) return `(call $clear_${slot})`;
    return `(drop (call $get_${slot}))`;
  }

  /** A call of an imported function with values of its own, and what becomes of the result. */
  private call(func: Func): string {
    const { random, faults } = this.context;
    const { pointer } = this;
    const encoding = this.encodings.get(func) as Encoding;
    const writer = new ValueWriter(this.data, pointer, encoding, random, faults, this.handlesFor());
    const values = func.params.map((type) => randomValue(type, random));
    const isFlat = recordLayout(func.params, pointer).flat.length <= this.maxFlatParams(func, "lower");
    const args = isFlat
      ? func.params.flatMap((type, i) => writer.flat(type, values[i]))
      : [`(${pointer}.const ${writer.block(func.params, values)})`];
    const call = (...more: string[]) => `(call $lower-${func.name} ${[...args, ...more].join(" ")})`;
    return `${writer.holes.join(" ")} ${this.received(func, encoding, call, writer)}`;
  }

  private received(func: Func, encoding: Encoding, call: (...more: string[]) => string, writer: ValueWriter): string {
    const { result } = func;
    const isAsync = this.calledAsync.has(func);
    const done = (state: string) => (isAsync ? `(call $log (i64.extend_i32_u ${state}))` : state);
    if (result === undefined) return done(call());
    if (result.kind === "stream") return this.readStream(func, encoding, call());
    const { flat, size, align } = layout(result, this.pointer);
    if (flat.length === 0) return done(call());
    if (flat.length > 1 || isAsync) {
      const at = writer.wrongReturnAddress(this.data.allocate(size, align), align);
      const address = `(${this.pointer}.const ${at})`;
      return `${done(call(address))} ${this.visitors.block([result], encoding, "consume", address)}`;
    }
    const local = `$r_${flat[0] ?? "i32"}`;
    const value = `(local.get ${local})`;
    return `(local.set ${local} ${call()}) (call $log ${bits(value, flat[0] as Core)})
      ${this.visitors.values([result], encoding, "consume", [value])}`;
  }

  /** Handles for one call: what is lent in it is not given away as well, unless that is the fault. */
  private handlesFor() {
    const { random, faults } = this.context;
    const lent = new Set<string>();
    const given = new Set<string>();
    const all = (resource: Resource) => Array.from({ length: SLOTS }, (_, i) => `${resource.name}_${i}`);
    return {
      own: (resource: Resource): string => {
        const [some] = lent;
        if (some?.startsWith(`${resource.name}_`) && faults.here("lent handle given away"))
          return `(call $take_${some})`;
        const other = this.resources.find((one) => one !== resource && this.canMake(one));
        if (other !== undefined && faults.here("handle of another type")) return `(call $take_${other.name}_0)`;
        const free = all(resource).filter((slot) => !lent.has(slot));
        if (free.length === 0 || random.chance(0.2)) return this.freshHandle(resource);
        const slot = random.pick(free);
        given.add(slot);
        return `(call $take_${slot})`;
      },
      borrow: (resource: Resource): string => {
        const other = this.resources.find((one) => one !== resource && this.canMake(one));
        if (other !== undefined && faults.here("handle of another type")) return `(call $get_${other.name}_0)`;
        // A slot that was emptied for this call before is filled again, which is as good.
        const slot = random.pick(all(resource));
        if (!given.has(slot)) lent.add(slot);
        return `(call $get_${slot})`;
      },
    };
  }

  private freshHandle(resource: Resource): string {
    const maker = this.isOwn(resource) ? `$new_${resource.name}` : `$lower-make-${resource.name}`;
    return `(call ${maker} (i32.const ${this.context.random.below(1000)}))`;
  }

  /** Gives back what it was given, where that is simple. */
  private echo(func: Func, values: readonly string[]): string | undefined {
    const { params, result } = func;
    const [param] = params;
    if (params.length !== 1 || param === undefined || param !== result) return undefined;
    const { flat, size, align } = layout(param, this.pointer);
    if (flat.length > MAX_FLAT_PARAMS || flat.length === 1) return values[0];
    if (this.optionsOf(func).isAsync) return values.join(" ");
    if (param.kind !== "string" && param.kind !== "list" && param.kind !== "map") return undefined;
    const at = this.data.allocate(size, align);
    const c = (address: number) => `(${this.pointer}.const ${address})`;
    const stores = values.map((value, i) => `(${this.pointer}.store ${c(at + (i * size) / 2)} ${value})`);
    return `${stores.join(" ")} ${c(at)}`;
  }

  private result(type: Type | undefined, encoding: Encoding, maxFlat: number): string {
    if (type === undefined) return "";
    const { random, faults } = this.context;
    const writer = new ValueWriter(this.data, this.pointer, encoding, random, faults, this.resultHandles());
    const value = randomValue(type, random);
    const { flat } = layout(type, this.pointer);
    const returned =
      flat.length <= maxFlat ? writer.flat(type, value) : [`(${this.pointer}.const ${writer.block([type], [value])})`];
    return `${writer.holes.join(" ")} ${returned.join(" ")}`;
  }

  private resultHandles() {
    const all = this.handlesFor();
    return {
      own: (resource: Resource) => all.own(resource),
      borrow: (): string => {
        throw new Error("a result has no borrowed handles");
      },
    };
  }
}

const LOCALS =
  "(local $r_i32 i32) (local $r_i64 i64) (local $r_f32 f32) (local $r_f64 f64) (local $stream i32) (local $got i32)";

function isHandleFunction({ name }: Func): boolean {
  return /^(make|peek|take)-/.test(name);
}
