import { describe, expect, test } from "vitest";
import { demangleRust } from "../../src/host/rust-names.js";

describe("a name of the legacy scheme", () => {
  test.each([
    ["_ZN4main4main17h8da7fa642d137fc6E", "main::main"],
    ["_ZN3std2fs10create_dir17hf9c5378c5257bb57E", "std::fs::create_dir"],
    ["_ZN42_$LT$$RF$T$u20$as$u20$core..fmt..Debug$GT$3fmt17hae47fcca926eb00aE", "<&T as core::fmt::Debug>::fmt"],
    ["_ZN3std2rt10lang_start28_$u7b$$u7b$closure$u7d$$u7d$17h90d024f9722da564E", "std::rt::lang_start::{{closure}}"],
    ["_ZN5alloc7raw_vec11finish_grow17hae6ff4e8767b4bf5E.llvm.2774198417118575869", "alloc::raw_vec::finish_grow"],
  ])("%s is %s", (name, path) => {
    expect(demangleRust(name)).toBe(path);
  });
});

describe("a name of the scheme v0", () => {
  test.each([
    ["_RNvCsfLfy6EI15iL_7___rustc12___rust_abort", "__rustc::__rust_abort"],
    ["_RNvNtCshXfaRvt2tfW_3std7process5abort", "std::process::abort"],
    ["_RNvMsF_NtCshXfaRvt2tfW_3std2fsNtB5_10DirBuilder7__create", "<std::fs::DirBuilder>::_create"],
    [
      "_RNvXsq_NtCs8jb7XIKFSSy_5alloc6stringNtB5_6StringNtNtCs9pv848UzQwQ_4core3fmt7Display3fmt",
      "<alloc::string::String as core::fmt::Display>::fmt",
    ],
    [
      "_RNCNvMsi_NtNtNtCshXfaRvt2tfW_3std3sys2fs4unixNtB7_4File4open0Bd_",
      "<std::sys::fs::unix::File>::open::{closure#0}",
    ],
    [
      "_RINvNtNtCshXfaRvt2tfW_3std3sys9backtrace26___rust_end_short_backtraceNCNvNtB6_9panicking13panic_handler0zEB6_",
      "std::sys::backtrace::__rust_end_short_backtrace::<std::panicking::panic_handler::{closure#0}, !>",
    ],
    ["_RINvC1a1fRShQAtj4_PxOaTmEEB2_", "a::f::<&[u8], &mut [u16; 4], *const i64, *mut i8, (u32,)>"],
    ["_RINvC1a1fFUKCmbEuFK6systemuEcE", 'a::f::<unsafe extern "C" fn(u32, bool), extern "system" fn(()) -> char>'],
    ["_RINvC1a1fDNtB2_1TEL_DNtB2_1Up4ItemmEL_E", "a::f::<dyn a::T, dyn a::U<Item = u32>>"],
    ["_RINvC1a1fFG_RL0_mEuE", "a::f::<for<'a> fn(&'a u32)>"],
    ["_RINvC1a1fKj2a_Kanf_Kb1_Kc61_KpE", "a::f::<42, -15, true, 'a', _>"],
    ["_RNvC1au6b_mlaa", "a::punycode{b_mlaa}"],
    ["_RNSC1a4shim", "a::{shim:shim#0}"],
    ["_RNvC1a1f.llvm.123", "a::f"],
  ])("%s is %s", (name, path) => {
    expect(demangleRust(name)).toBe(path);
  });

  test.each([
    "_R",
    "_RNvC1a",
    "_RNvC1a9f",
    "_RNvC1a1fX",
    "_RNvB_1f",
    "_RINvC1a1fB9_E",
    "_RINvC1a1fFUKCmbEuFKsystemuEcE",
    "_RINvC1a1fKe616263_E",
    "_RNvC1a99999999999999999999f",
    `_R${"N".repeat(1000)}`,
    `_RINvC1a1f${"S".repeat(10_000)}hE`,
  ])("%# is none where it does not end as it should", (name) => {
    expect(demangleRust(name)).toBe(name);
  });

  test("that doubles itself again and again is given up or cut", () => {
    let name = "_RINvC1a1fTuuE";
    for (let i = 0, before = 8; i < 60; i++) {
      const at = name.length - 2;
      name += `TB${base62(before)}B${base62(before)}E`;
      before = at;
    }
    expect(demangleRust(`${name}E`).length).toBeLessThanOrEqual(name.length + 1);
  });

  test("that is long is cut", () => {
    const shown = demangleRust(`_RINvC1a1f${"h".repeat(500)}E`);
    expect(shown).toMatch(/^a::f::<u8, u8, .*…$/);
    expect(shown.length).toBeLessThanOrEqual(401);
  });
});

/** `_` is 0, `0_` is 1. */
function base62(value: number): string {
  const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  let text = "";
  for (let rest = value - 1; value > 0 && (rest > 0 || text === ""); rest = Math.floor(rest / 62)) {
    text = `${digits[rest % 62]}${text}`;
  }
  return `${text}_`;
}

test.each([
  "main",
  "abort",
  "",
  "_ZNSt3__212basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEE6appendEPKcm",
  "_ZN3foo3barE",
  "_ZN3foo9bar17h8da7fa642d137fc6E",
  "_ZN17h8da7fa642d137fc6E",
  "_Real",
  "runtime.main",
])("%s stays", (name) => {
  expect(demangleRust(name)).toBe(name);
});
