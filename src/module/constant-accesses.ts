import { evaluateConstExpr } from "../binary/const-expr.js";
import { type Instruction, scanFunctionBody } from "../binary/instructions.js";
import { Opcode } from "../binary/opcodes.js";
import type { ByteReader } from "../binary/reader.js";
import type { CoreModule } from "./model.js";

/** An address that is known but for where the linker puts a library: a constant, or one above a global of its. */
export interface Address {
  /** Index of an imported global that does not change while code runs. */
  readonly base: number | undefined;
  readonly offset: number;
}

/** A load or store of a variable. */
export interface ConstantAccess {
  readonly opcode: number;
  readonly isLoad: boolean;
  readonly address: Address;
  /** The constant that is stored. */
  readonly stored: number | undefined;
}

export function isSameAddress(a: Address, b: Address): boolean {
  return a.base === b.base && a.offset === b.offset;
}

/**
 * The accesses of memory in a function's body whose addresses can be told from the instructions right before them, in
 * order. Those that depend on the way that control takes are left out.
 *
 * @param position - of the body among the module's own functions
 */
export function constantAccesses(module: CoreModule, position: number): ConstantAccess[] {
  const finder = new AccessFinder(knownGlobals(module.imports, module.globals), module.bodyReader(position));
  scanFunctionBody(module.bodyReader(position), (instruction) => finder.visit(instruction));
  return finder.found;
}

type Globals = ReadonlyMap<number, Address>;

/** `__memory_base` and the addresses in the GOT, which change only while libraries are linked; in programs, constants. */
function knownGlobals(imports: CoreModule["imports"], globals: CoreModule["globals"]): Globals {
  const known = new Map<number, Address>();
  const imported = imports.filter((item) => item.kind === "global");
  imported.forEach(({ module, type }, index) => {
    if (module === "GOT.mem" || !type.mutable) known.set(index, { base: index, offset: 0 });
  });
  globals.forEach(({ type, init }, position) => {
    const value = type.mutable ? undefined : evaluateConstExpr(init);
    if (typeof value === "number") known.set(imported.length + position, { base: undefined, offset: value });
  });
  return known;
}

/** In an alignment: the number of a memory comes next, as with no program of one memory. */
const MEMORY_FOLLOWS = 0x40;

class AccessFinder {
  readonly found: ConstantAccess[] = [];
  /** What is known of the values on the stack, from the last instruction on whose effect on it is not followed. */
  private stack: (Address | undefined)[] = [];
  private readonly locals = new Map<number, Address | undefined>();

  constructor(
    private readonly globals: Globals,
    /** Over the same body. */
    private readonly immediates: ByteReader,
  ) {}

  visit({ opcode, start, index }: Instruction): void {
    this.immediates.position = start + 1;
    switch (opcode) {
      case Opcode.i32Const:
        this.stack.push({ base: undefined, offset: this.immediates.s32() });
        return;
      case Opcode.globalGet:
        this.stack.push(this.globals.get(index));
        return;
      case Opcode.localGet:
        this.stack.push(this.locals.get(index));
        return;
      case Opcode.localSet:
        this.locals.set(index, this.stack.pop());
        return;
      case Opcode.localTee:
        this.locals.set(index, this.stack.at(-1));
        return;
      case Opcode.i32Add:
        this.stack.push(sum(this.stack.pop(), this.stack.pop()));
        return;
      case Opcode.brIf:
      case Opcode.drop:
        this.stack.pop();
        return;
      default:
        if (isLoad(opcode)) this.load(opcode);
        else if (isStore(opcode)) this.store(opcode);
        else this.stack = [];
    }
  }

  private load(opcode: number): void {
    this.note(opcode, true, this.stack.pop(), undefined);
    this.stack.push(undefined);
  }

  private store(opcode: number): void {
    const stored = this.stack.pop();
    this.note(opcode, false, this.stack.pop(), stored?.base === undefined ? stored?.offset : undefined);
  }

  private note(opcode: number, isLoad: boolean, address: Address | undefined, stored: number | undefined): void {
    if (address === undefined) return;
    if (this.immediates.u32("alignment") >= MEMORY_FOLLOWS) return;
    const offset = address.offset + this.immediates.u32("offset");
    this.found.push({ opcode, isLoad, address: { ...address, offset }, stored });
  }
}

function sum(a: Address | undefined, b: Address | undefined): Address | undefined {
  if (a === undefined || b === undefined || (a.base !== undefined && b.base !== undefined)) return undefined;
  return { base: a.base ?? b.base, offset: a.offset + b.offset };
}

function isLoad(opcode: number): boolean {
  return opcode >= Opcode.i32Load && opcode <= Opcode.i64Load32U;
}

function isStore(opcode: number): boolean {
  return opcode >= Opcode.i32Store && opcode <= Opcode.i64Store32;
}
