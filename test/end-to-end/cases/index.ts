import type { DifferentialCase } from "../../support/differential.js";
import { BASIC_CASES } from "./basics.js";
import { DEAD_WEIGHT_CASES } from "./dead-weight.js";
import { INSTANCE_CASES } from "./instances.js";
import { MODULE_CASES } from "./modules.js";
import { NESTED_CASES } from "./nested.js";
import { REFERENCE_CASES } from "./references.js";
import { TABLE_CASES } from "./tables.js";

export const CASES: readonly DifferentialCase[] = [
  ...BASIC_CASES,
  ...TABLE_CASES,
  ...REFERENCE_CASES,
  ...INSTANCE_CASES,
  ...NESTED_CASES,
  ...MODULE_CASES,
  ...DEAD_WEIGHT_CASES,
];
