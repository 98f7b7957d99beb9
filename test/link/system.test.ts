import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { preinitialize } from "../../src/index.js";
import { ALL_ENGINES } from "../support/differential.js";
import { cLibrary, linked, preview1Adapter, systemLibrary } from "../support/libraries.js";
import { comparable } from "../support/session.js";

const APPLICATION = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT(name) __attribute__((export_name(name)))

/* The library's, and what the library uses of this one. */
extern int counter;
int bump(void);
int sum_with_base(void);
void for_each(const int *numbers, int count, void (*visit)(int, void *), void *context);
extern int (*const operations[2])(int, int);
int base = 100;

static char *kept;
static int (*remembered)(void);

__attribute__((constructor)) static void construct(void) { base += 1; }

static void add(int number, void *context) { *(int *)context += number; }

EXPORT("init") void init(void) {
  kept = malloc(100);
  snprintf(kept, 100, "hello %d ", bump());
  FILE *file = fopen("/data/name.txt", "r");
  if (file == NULL) abort();
  fgets(kept + strlen(kept), 50, file);
  fclose(file);
  printf("init says %s\\n", kept);
  remembered = bump;
}

EXPORT("length") int get_length(void) { return kept == NULL ? -1 : (int)strlen(kept); }
EXPORT("sum") int get_sum(void) { return sum_with_base(); }
EXPORT("remembered") int bump_remembered(void) { return remembered == bump ? remembered() : -1; }
EXPORT("visit") int visit(void) {
  int numbers[] = {1, 2, 3}, total = 0;
  for_each(numbers, 3, add, &total);
  return total;
}
EXPORT("operate") int operate(int which) { return operations[which](7, 3); }`;

const LIBRARY = `
extern int base;
int counter = 5;
int bump(void) { return ++counter; }
int sum_with_base(void) { return counter + base; }
void for_each(const int *numbers, int count, void (*visit)(int, void *), void *context) {
  for (int i = 0; i < count; i++) visit(numbers[i], context);
}
static int plus(int a, int b) { return a + b; }
static int minus(int a, int b) { return a - b; }
/* Relocated: addresses of functions in data. */
int (*const operations[2])(int, int) = {plus, minus};`;

const NAMES = ["length", "sum", "remembered", "visit"];
const WORLD = {
  wit: `package test:system; world w { export init: func(); export operate: func(which: s32) -> s32;
    ${NAMES.map((name) => `export ${name}: func() -> s32;`).join(" ")} }`,
  world: "w",
};

const directory = mkdtempSync(join(tmpdir(), "component-init-link-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const preopens = [{ host: directory, guest: "/data" }];
let component: Uint8Array;

beforeAll(async () => {
  writeFileSync(join(directory, "name.txt"), "world");
  component = await linked(
    [
      await cLibrary("application.so", APPLICATION, WORLD),
      await cLibrary("liboperations.so", LIBRARY),
      await systemLibrary("libc.so"),
    ],
    { adapters: { wasi_snapshot_preview1: await preview1Adapter() } },
  );
});

const CALLS = [
  ...NAMES.map((name) => ({ export: name })),
  { export: "operate", args: [0] },
  { export: "operate", args: [1] },
];
const EXPECTED = [13, 6 + 101, 7, 6, 10, 4].map((ok) => ({ ok }));

describe.each(ALL_ENGINES)(
  "a C program with libc.so and a library of its own, in $name",
  ({ available, lacks, session }) => {
    const readsFiles = !lacks?.includes("directories");
    test.runIf(available && readsFiles)("shares data, functions and callbacks", async () => {
      const { outcomes, stdout } = await session(component, {
        wasi: { preopens },
        calls: [{ export: "init" }, ...CALLS],
      });
      expect(comparable(outcomes).slice(1)).toEqual(EXPECTED);
      expect(stdout).toBe("init says hello 6 world\n");
    });

    test.runIf(available)("goes on when it is pre-initialized, without the files", async () => {
      const { component: output, report } = await preinitialize(component, {
        initFunc: "init",
        preopens,
        verify: true,
      });
      expect(report.stdout).toBe("init says hello 6 world\n");
      // The C library is another instance than the one that asks for preopens, and has forgotten them.
      expect(report.warnings).toEqual([]);
      const { outcomes } = await session(output, { calls: CALLS });
      expect(comparable(outcomes)).toEqual(EXPECTED);
    });
  },
);
