/** A library's exported global with the address of its `library_tls_info` (wasi-libc, thread-local storage). */
export const LIBRARY_INFO = "__wasm_library_tls_info";
/** What the C library learns of all libraries' storage: their number, their infos, where the main thread's pointers are. */
export const PROGRAM_INFO = "__wasm_program_tls_info";

export const GET_BASE = "__wasm_get_tls_base";
export const SET_BASE = "__wasm_set_tls_base";
