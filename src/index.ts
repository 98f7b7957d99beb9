export { ComponentInitError, type ErrorCode } from "./errors.js";
export {
  type DirectoryPreopen,
  type PhaseListener,
  type PreinitializeOptions,
  preinitialize,
} from "./preinitialize.js";
export type { MemoryReport, PhaseName, Report } from "./report.js";
