/**
 * Pre-initialize WebAssembly components: run their initialization once, snapshot memory, globals and tables, write a
 * component that starts already initialized.
 *
 * {@link preinitialize} does it all. The phases can be called alone: {@link instrument}, {@link prepare},
 * {@link initialize}, {@link takeSnapshot}, {@link rewrite}; {@link Snapshot} is a plain type, so a tool with a host of
 * its own fills one in and needs only `instrument` and `rewrite`.
 *
 * @packageDocumentation
 */

export { ComponentInitError, type ErrorCode } from "./errors.js";
export type { HostReport } from "./host/host-report.js";
export type { ImportModules } from "./host/import-modules.js";
export type { HostOptions, InitializedInstance, Invoked } from "./host/initialize.js";
export type { HandlePolicy, HeldHandle } from "./host/live-handles.js";
export type { RefusedImport } from "./host/refusals.js";
export type { HostCall, TracedValue } from "./host/trace.js";
export type { InitFunction } from "./instrument/init-func.js";
export type { LibcTraits } from "./instrument/libc.js";
export type {
  Access,
  ActiveElements,
  InstrumentedInstance,
  InstrumentedModule,
  ModuleState,
  NumberType,
  VisibleFunction,
  VisibleGlobal,
  VisibleMemory,
  VisibleReference,
} from "./instrument/model.js";
export { preinitialize, preinitializeToChunks } from "./library.js";
export type { LibraryInput } from "./link/library.js";
export { type Linked, type LinkOptions, link } from "./link/link.js";
export type { LinkedLibrary, LinkReport } from "./link/report.js";
export type { RemovedCounts } from "./module/gc.js";
export {
  type Initialized,
  type Instrumented,
  initialize,
  instrument,
  invoke,
  type Prepared,
  prepare,
  type RewriteOptions,
  rewrite,
  takeSnapshot,
} from "./phases.js";
export type { PhaseListener, Preinitialized, PreinitializeOptions } from "./preinitialize.js";
export type { MemoryReport, PhaseName, Report, TableReport } from "./report.js";
export type {
  FunctionReference,
  GlobalValue,
  InstanceSnapshot,
  MemoryImage,
  MemoryRange,
  ReferenceValue,
  Snapshot,
  TableImage,
} from "./snapshot/model.js";
export type { Supply } from "./specialize/model.js";
export type { DeterminismOptions } from "./wasi/determinism.js";
export type { GuestFiles } from "./wasi/filesystem/filesystem.js";
export type { MountMode } from "./wasi/filesystem/mount.js";
export type { ArchivePreopen, DirectoryPreopen, Preopen } from "./wasi/filesystem/preopens.js";
export type { FileRead } from "./wasi/filesystem/read-log.js";
export type { NetworkActivity } from "./wasi/network/activity.js";
export type { AllowedNetwork } from "./wasi/network/network.js";
