import { functionType } from "../module/index-spaces.js";
import type { CoreModule } from "../module/model.js";
import type { FuncType } from "../module/types.js";

/** What programs call WASI preview 1. */
export const PREVIEW1 = "wasi_snapshot_preview1";

/** Parameters of preview 1's functions as `wasi_snapshot_preview1.witx` lowers them. */
const PARAMS = {
  args_get: "i32 i32",
  args_sizes_get: "i32 i32",
  environ_get: "i32 i32",
  environ_sizes_get: "i32 i32",
  clock_res_get: "i32 i32",
  clock_time_get: "i32 i64 i32",
  fd_advise: "i32 i64 i64 i32",
  fd_allocate: "i32 i64 i64",
  fd_close: "i32",
  fd_datasync: "i32",
  fd_fdstat_get: "i32 i32",
  fd_fdstat_set_flags: "i32 i32",
  fd_fdstat_set_rights: "i32 i64 i64",
  fd_filestat_get: "i32 i32",
  fd_filestat_set_size: "i32 i64",
  fd_filestat_set_times: "i32 i64 i64 i32",
  fd_pread: "i32 i32 i32 i64 i32",
  fd_prestat_get: "i32 i32",
  fd_prestat_dir_name: "i32 i32 i32",
  fd_pwrite: "i32 i32 i32 i64 i32",
  fd_read: "i32 i32 i32 i32",
  fd_readdir: "i32 i32 i32 i64 i32",
  fd_renumber: "i32 i32",
  fd_seek: "i32 i64 i32 i32",
  fd_sync: "i32",
  fd_tell: "i32 i32",
  fd_write: "i32 i32 i32 i32",
  path_create_directory: "i32 i32 i32",
  path_filestat_get: "i32 i32 i32 i32 i32",
  path_filestat_set_times: "i32 i32 i32 i32 i64 i64 i32",
  path_link: "i32 i32 i32 i32 i32 i32 i32",
  path_open: "i32 i32 i32 i32 i32 i64 i64 i32 i32",
  path_readlink: "i32 i32 i32 i32 i32 i32",
  path_remove_directory: "i32 i32 i32",
  path_rename: "i32 i32 i32 i32 i32 i32",
  path_symlink: "i32 i32 i32 i32 i32",
  path_unlink_file: "i32 i32 i32",
  poll_oneoff: "i32 i32 i32 i32",
  proc_exit: "i32",
  proc_raise: "i32",
  random_get: "i32 i32",
  sched_yield: "",
  sock_accept: "i32 i32 i32",
  sock_recv: "i32 i32 i32 i32 i32 i32",
  sock_send: "i32 i32 i32 i32 i32",
  sock_shutdown: "i32 i32",
} as const;

export type Preview1Name = keyof typeof PARAMS;

/** Whether a function is preview 1's of that name: it has its type, too. */
export function isPreview1Function(name: string, type: FuncType | undefined): name is Preview1Name {
  if (type === undefined || !Object.hasOwn(PARAMS, name)) return false;
  const results = name === "proc_exit" ? "" : "i32";
  return type.params.join(" ") === PARAMS[name as Preview1Name] && type.results.join(" ") === results;
}

/** Preview 1's functions that a module imports, with their function indices. */
export function preview1Imports(module: CoreModule): ReadonlyMap<Preview1Name, number> {
  const found = new Map<Preview1Name, number>();
  const functions = module.imports.filter(({ kind }) => kind === "func");
  functions.forEach(({ module: from, name }, index) => {
    if (from === PREVIEW1 && isPreview1Function(name, functionType(module, index))) found.set(name, index);
  });
  return found;
}
