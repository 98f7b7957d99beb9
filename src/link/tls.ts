import { Opcode } from "../binary/opcodes.js";
import { ByteWriter } from "../binary/writer.js";
import type { MemoryLayout, Placement } from "./layout.js";
import type { Library } from "./library.js";
import { GET_BASE, PROGRAM_INFO, type SET_BASE } from "./tls-names.js";

/** `thread.new-indirect`, by which a program starts threads. */
const NEW_THREAD = "[thread-new-indirect-v0]";
const WORD = 4;
const PROGRAM_INFO_SIZE = 3 * WORD;

/** The storage of each library that has thread-local variables: a pointer to it for each thread. */
export class ThreadLocalStorage {
  readonly size: number;
  /** Whether there can be more than the main thread, whose pointers are at a fixed address. */
  readonly hasThreads: boolean;
  readonly #libraries: readonly Library[];
  readonly #slots: ReadonlyMap<Library, number>;

  constructor(libraries: readonly Library[]) {
    const isWanted = libraries.some(
      ({ linkerFunctions, linkerGlobals }) =>
        linkerFunctions.length > 0 || linkerGlobals.some(({ name }) => name === PROGRAM_INFO),
    );
    this.#libraries = libraries.filter(({ tlsInfo }) => tlsInfo !== undefined);
    this.#slots = new Map(this.#libraries.map((library, i) => [library, i]));
    this.hasThreads = libraries.some(({ outside }) => outside.some(({ name }) => name === NEW_THREAD));
    this.size = isWanted ? 2 * WORD * this.#libraries.length + PROGRAM_INFO_SIZE : 0;
  }

  /** The address of the program's info, and the bytes for it and the libraries' infos, for where `size` is not 0. */
  encode(start: number, { placements }: MemoryLayout): { bytes: Uint8Array; programInfo: number } {
    const count = this.#libraries.length;
    const infos = start + WORD * count;
    const programInfo = infos + WORD * count;
    const view = new DataView(new ArrayBuffer(programInfo - start + PROGRAM_INFO_SIZE));
    this.#libraries.forEach((library, i) => {
      const { memoryBase } = placements.get(library) as Placement;
      view.setUint32(infos - start + WORD * i, memoryBase + (library.tlsInfo as number), true);
    });
    [count, infos, start].forEach((word, i) => {
      view.setUint32(programInfo - start + WORD * i, word, true);
    });
    return { bytes: new Uint8Array(view.buffer), programInfo };
  }

  /**
   * The body of the function by which a library gets or sets its pointer.
   *
   * @param start - the address of the main thread's pointers
   * @param contextGet - the function index of `context.get 1`, which gives another thread's pointers, where there are threads
   */
  body(name: typeof GET_BASE | typeof SET_BASE, library: Library, start: number, contextGet: number): Uint8Array {
    const slot = this.#slots.get(library);
    const body = new ByteWriter();
    if (slot === undefined) return body.u8(0).u8(Opcode.unreachable).u8(Opcode.end).toBytes();
    const offset = WORD * slot;
    const base = () => (this.hasThreads ? body.u8(Opcode.call).u32(contextGet) : body.u8(Opcode.i32Const).s32(start));
    if (name === GET_BASE) {
      body.u8(0);
      base().u8(Opcode.i32Load).u32(2).u32(offset);
      return body.u8(Opcode.end).toBytes();
    }
    body.u8(0);
    if (this.hasThreads) {
      // The main thread sets its pointers before it has a context.
      base().u8(Opcode.i32Eqz).u8(Opcode.if).u8(NO_VALUE);
      body.u8(Opcode.i32Const).s32(start).u8(Opcode.localGet).u32(0).u8(Opcode.i32Store).u32(2).u32(offset);
      body.u8(Opcode.else);
    }
    base().u8(Opcode.localGet).u32(0).u8(Opcode.i32Store).u32(2).u32(offset);
    if (this.hasThreads) body.u8(Opcode.end);
    return body.u8(Opcode.end).toBytes();
  }
}

/** The type of a block without results. */
const NO_VALUE = 0x40;
