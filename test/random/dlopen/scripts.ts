import type { Prng } from "../prng.js";
import { DATA, FUNCTIONS, foundBy, type LibrarySpec, randomLibraries } from "./libraries.js";
import { Model, type Where } from "./model.js";

/** A line for the program that tests' scripts are for, and what it must answer. */
export interface Step {
  readonly line: string;
  readonly answer: string;
}

export interface DlCase {
  readonly libraries: readonly LibrarySpec[];
  readonly init: readonly Step[];
  /** Opens nothing that is not open by then, and closes nothing for good. */
  readonly after: readonly Step[];
}

const NOW = 2;
const NOLOAD = 4;
const GLOBAL = 256;
const NODELETE = 4096;

const SYMBOLS = [...FUNCTIONS, ...DATA];

export function randomCase(random: Prng): DlCase {
  const libraries = randomLibraries(random);
  const writer = new ScriptWriter(new Model(libraries), random);
  const init = Array.from({ length: random.between(3, 25) }, () => writer.step(true));
  const after = Array.from({ length: random.between(3, 20) }, () => writer.step(false));
  return { libraries, init, after };
}

class ScriptWriter {
  constructor(
    private readonly model: Model,
    private readonly random: Prng,
  ) {}

  step(isInit: boolean): Step {
    const { random, model } = this;
    const openable = isInit ? model.names : model.names.filter((name) => model.isOpen(name));
    const closable = model.handles(isInit ? 1 : 2);
    if (openable.length > 0 && random.chance(0.35)) return this.open(random.pick(openable));
    if (closable.length > 0 && random.chance(0.2)) return this.close(random.pick(closable));
    return this.look();
  }

  private open(name: string): Step {
    const { random } = this;
    const flags = { global: random.chance(0.4), noLoad: random.chance(0.1), noDelete: random.chance(0.05) };
    const bits = [flags.global && GLOBAL, flags.noLoad && NOLOAD, flags.noDelete && NODELETE].map(Number);
    const mode = bits.reduce((left, right) => left | right, NOW);
    return step(`open /lib/${name} ${mode}`, this.model.open(name, flags));
  }

  private close(handle: number): Step {
    return step(`close ${handle}`, this.model.close(handle));
  }

  private look(): Step {
    const { random, model } = this;
    const where = (): Where => random.pick([...model.handles(1), "default", "program"] as const);
    const symbols = [...SYMBOLS, ...model.names.map(foundBy)];
    const [first, name] = [where(), random.pick(symbols)];
    if (random.chance(0.15)) return step("data default host_value", model.data("default", "host_value"));
    if (random.chance(0.25)) {
      const [second, other] = [where(), random.chance(0.8) ? name : random.pick(symbols)];
      return step(`same ${first} ${name} ${second} ${other}`, model.same(first, name, second, other));
    }
    if (!FUNCTIONS.includes(name)) return step(`data ${first} ${name}`, model.data(first, name));
    const parameter = random.below(100);
    return step(`call ${first} ${name} ${parameter}`, model.call(first, name, parameter));
  }
}

const step = (line: string, answer: number | "error"): Step => ({ line, answer: String(answer) });
