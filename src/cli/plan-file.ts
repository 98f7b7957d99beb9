import type { DlPlan } from "../dlopen/plan.js";
import { ComponentInitError } from "../errors.js";
import { toVisibleJson } from "../visible.js";
import { UsageError } from "./failure.js";
import { checkOutput, isSameFile, readInput, writeOutput } from "./files.js";

/** The file of a linking plan: obeyed where it is there, and else written. */
export class PlanFile {
  private constructor(
    private readonly path: string,
    /** What is to be done again. */
    readonly plan: DlPlan | undefined,
  ) {}

  /**
   * @param written - other files that are written
   * @param inputs - files that are not
   */
  static async open(
    path: string | undefined,
    written: readonly string[],
    inputs: readonly string[],
  ): Promise<PlanFile | undefined> {
    if (path === undefined) return undefined;
    if (path === "-") throw new UsageError("--plan needs a file: standard output is for the component or the report");
    for (const other of written) {
      if (other !== "-" && (await isSameFile(path, other)))
        throw new UsageError(`--plan ${path} is the same file as ${other}, which is written, too`);
    }
    const plan = await readPlan(path);
    if (plan === undefined) await checkOutput(path, inputs);
    return new PlanFile(path, plan);
  }

  /** @returns the error, with the file where that is what is wrong */
  explain(error: unknown): unknown {
    if (!(error instanceof ComponentInitError) || error.code !== "plan-mismatch") return error;
    return new ComponentInitError(error.code, `${this.path}: ${error.message} (delete the file)`, { cause: error });
  }

  async write(plan: DlPlan | undefined): Promise<void> {
    if (this.plan !== undefined || plan === undefined) return;
    await writeOutput(this.path, [Buffer.from(`${toVisibleJson(plan, 2)}\n`)]);
  }
}

async function readPlan(path: string): Promise<DlPlan | undefined> {
  let text: Uint8Array;
  try {
    text = await readInput(path);
  } catch (error) {
    if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const plan = JSON.parse(Buffer.from(text).toString("utf8")) as DlPlan;
    if (plan.version === 1 && Array.isArray(plan.loads)) return plan;
  } catch {
    // It is told of below.
  }
  throw new ComponentInitError(
    "plan-mismatch",
    `${path} is no linking plan of this version: delete it to have one made`,
  );
}
