import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { decodeComponent } from "../../src/component/decode.js";
import { encodeComponent } from "../../src/component/encode.js";
import { exportedFunctions } from "../../src/component/resolve.js";
import { formatFunctionType } from "../../src/component/value-types.js";
import { ComponentInitError, type ErrorCode } from "../../src/errors.js";
import { countSteps, total } from "../scaling/steps.js";
import { CONSTRUCTS } from "./constructs.js";
import { componentOf, decodeText, HEADER, leb, wat } from "./support.js";

const HUGE = [0xff, 0xff, 0xff, 0xff, 0x0f];

function failure(bytes: Uint8Array): ComponentInitError {
  try {
    decodeComponent(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(ComponentInitError);
    return error as ComponentInitError;
  }
  throw new Error("it decodes");
}

/** Runs it, expecting it to take steps in proportion to some input. */
function quick<T>(run: () => T, size = 0): T {
  const { result, steps } = countSteps(run);
  expect(total(steps)).toBeLessThan(20_000 + 100 * size);
  return result;
}

describe("what is no component", () => {
  const core = [0x00, 0x61, 0x73, 0x6d];
  test.each<[string, Uint8Array, ErrorCode, string]>([
    ["an empty file", new Uint8Array(), "not-a-component", "it is empty"],
    ["a core module", new Uint8Array([...core, 1, 0, 0, 0]), "not-a-component", "it is a core module"],
    ["another version", new Uint8Array([...core, 0x0a, 0, 1, 0]), "not-a-component", "its version is 0a 00 01 00"],
    ["a part of a header", new Uint8Array([...core, 0x0d, 0]), "not-a-component", "ends inside the 8 byte header"],
    ["text", Buffer.from("(component)\n"), "not-a-component", "it is text"],
    ["a zip archive", Buffer.from("PK\x03\x04\x00\x00"), "not-a-component", "it is a zip archive"],
    ["gzip", gzipSync(new Uint8Array(HEADER)), "not-a-component", "it is gzip-compressed"],
    ["ELF", Buffer.from("\x7fELF\x02\x01\x01\x00", "latin1"), "not-a-component", "it is an ELF file"],
    ["other bytes", new Uint8Array([0xca, 0xfe, 0x00]), "not-a-component", "does not start with 00 61 73 6d"],
  ])("%s", (_, bytes, code, message) => {
    const error = failure(bytes);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });
});

describe("every construct, cut short at every byte,", () => {
  test.each(Object.entries(CONSTRUCTS))("decodes as what is left or fails: %s", async (_, text) => {
    const bytes = await wat(`(component ${text})`);
    quick(() => {
      for (let length = 0; length < bytes.length; length++) {
        const cut = bytes.subarray(0, length);
        try {
          // Between two sections it is a component; then the rest must come back.
          expect(encodeComponent(decodeComponent(cut)).toBytes()).toEqual(cut);
        } catch (error) {
          expect(error).toBeInstanceOf(ComponentInitError);
          expect((error as ComponentInitError).code).toBe(length < 8 ? "not-a-component" : "malformed");
          if (length >= 8) expect((error as ComponentInitError).message).toMatch(/ at offset 0x[0-9a-f]+$/);
        }
      }
    }, bytes.length ** 2);
  });
});

test("a component cut inside of a section names where it ends", async () => {
  const bytes = await wat('(component (type (record (field "name" u8))))');
  expect(failure(bytes.subarray(0, -1)).message).toBe("section 7 (type): 9 bytes wanted, 8 left, at offset 0xa");
});

describe("every construct, with every byte replaced in turn,", () => {
  test.each(Object.entries(CONSTRUCTS))("decodes or fails, in bounded time: %s", async (_, text) => {
    const bytes = await wat(`(component ${text})`);
    for (let at = 8; at < bytes.length; at++) {
      for (const value of [0x00, 0x7f, 0xff, (bytes[at] as number) ^ 0x01]) {
        const changed = bytes.slice();
        changed[at] = value;
        try {
          exportedFunctions(decodeComponent(changed));
        } catch (error) {
          // Nothing but what a caller can act on: no TypeError, no exhausted stack.
          if (!(error instanceof ComponentInitError)) throw error;
        }
      }
    }
  });
});

describe("sizes out of all proportion", () => {
  test.each([2, 3, 4, 5, 6, 7, 8, 10, 11])("a count of 2^32-1 in section %d", (id) => {
    const error = quick(() => failure(componentOf([id, ...HUGE])));
    expect(error.code).toBe("malformed");
    expect(error.message).toMatch(/ at offset 0xa/);
  });

  test.each<[string, number[]]>([
    ["record fields", [7, 1, 0x72]],
    ["variant cases", [7, 1, 0x71]],
    ["flags", [7, 1, 0x6e]],
    ["component type declarations", [7, 1, 0x41]],
    ["instance type declarations", [7, 1, 0x42]],
    ["module type declarations", [3, 1, 0x50]],
    ["types in the recursion group", [3, 1, 0x4e]],
    ["supertypes", [3, 1, 0x00, 0x50]],
    ["parameters", [7, 1, 0x40]],
    ["exports", [2, 1, 0x01]],
    ["canonical options", [8, 1, 0x1c]],
    ["import or export name", [10, 1, 0x00]],
    ["custom section name", [0]],
  ])("a count of 2^32-1 %s", (what, [id, ...prefix]) => {
    const error = quick(() => failure(componentOf([id as number, ...prefix, ...HUGE])));
    expect(error.code).toBe("malformed");
    expect(error.message).toContain(what);
    expect(error.message).toContain("4294967295");
  });

  test("a section longer than the file", () => {
    const error = failure(new Uint8Array([...HEADER, 7, ...HUGE, 0]));
    expect(error.code).toBe("malformed");
    expect(error.message).toBe("section 7 (type): 4294967295 bytes wanted, 1 left, at offset 0xe");
  });

  test("a nested component that ends outside of its section", () => {
    const error = failure(componentOf([4, ...HEADER, 7, 5, 0], [0, 1, 0x61]));
    expect(error.message).toBe("section 7 (type): 5 bytes wanted, 1 left, at offset 0x14");
  });

  test.each([
    ["of six bytes", [0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ["of 33 bits", [0xff, 0xff, 0xff, 0xff, 0x1f]],
  ])("an integer %s", (_, integer) => {
    const error = failure(componentOf([7, ...integer, 0x7f]));
    expect(error).toMatchObject({ code: "malformed" });
    expect(error.message).toBe("number of types does not fit 32 bits at offset 0xa");
  });
});

describe("what stands in the wrong place", () => {
  test.each<[string, Uint8Array, string]>([
    ["a section id", componentOf([13]), "unknown component section 13 at offset 0x8"],
    ["a type", componentOf([7, 1, 0x20]), "unknown type 0x20 at offset 0xb"],
    ["a built-in", componentOf([8, 1, 0x7e]), "unknown canonical built-in 0x7e at offset 0xb"],
    ["a canonical option", componentOf([8, 1, 0x1c, 1, 0x55]), "unknown canonical option 0x55 at offset 0xd"],
    ["a sort", componentOf([6, 1, 0x09]), "unknown sort 0x9 at offset 0xb"],
    ["an index", componentOf([7, 1, 0x70, 5]), "type 5 does not exist (0 are defined so far) at offset 0xc"],
    ["its own index", componentOf([7, 1, 0x70, 0]), "type 0 does not exist (0 are defined so far) at offset 0xc"],
    ["an outer alias", componentOf([6, 1, 0x03, 0x02, 1, 0]), "outer alias leaves the outermost scope (count 1)"],
    ["a far outer alias", componentOf([6, 1, 0x03, 0x02, ...HUGE, 0]), "leaves the outermost scope (count 4294967295)"],
    ["bytes after a section's items", componentOf([7, 0, 0]), "section (type) has 1 bytes too many at offset 0xb"],
    ["a name", componentOf([10, 1, 0x00, 1, 0xff, 0, 0]), "name is not valid UTF-8 at offset 0xd"],
    ["a nested header", componentOf([4, ...HEADER.slice(0, 4), 1, 0, 0, 0]), "unknown header at offset 0xa"],
    ["a second start result", componentOf([9, 0, 0, 2]), "func 0 does not exist"],
  ])("%s", (_, bytes, message) => {
    const error = failure(bytes);
    expect(error.code).toBe("malformed");
    expect(error.message).toContain(message);
  });
});

describe("nesting", () => {
  const nestComponents = (depth: number): number[] => {
    let bytes = HEADER;
    for (let i = 0; i < depth; i++) bytes = [...HEADER, 4, ...leb(bytes.length), ...bytes];
    return bytes;
  };
  const nestTypes = (depth: number): Uint8Array => {
    const opened = Array.from({ length: depth }, (_, i) => (i === 0 ? [0x42, 1] : [0x01, 0x42, 1])).flat();
    return componentOf([7, 1, ...opened, 0x01, 0x7f]);
  };

  test("of components to the limit comes back", () => {
    const bytes = new Uint8Array(nestComponents(100));
    expect(encodeComponent(decodeComponent(bytes)).toBytes()).toEqual(bytes);
  });

  test.each([
    ["components", new Uint8Array(nestComponents(101))],
    ["many more components", new Uint8Array(nestComponents(3000))],
    ["instance types", nestTypes(200_000)],
  ])("of too many %s is refused", (_, bytes) => {
    const error = quick(() => failure(bytes));
    expect(error.code).toBe("malformed");
    expect(error.message).toContain("nested more than 100 deep");
  });

  test("of value types does not exhaust the stack", async () => {
    const lists = Array.from({ length: 20_000 }, (_, i) => `(type (list ${i}))`).join("");
    const component = await decodeText(
      `(component (type u8) ${lists} (import "f" (func $f (param "a" 20000))) (export "g" (func $f)))`,
    );
    const [func] = quick(() => exportedFunctions(component), 20_000);
    expect(func?.name).toBe("g");
  });

  test("of aliases of aliases does not exhaust the stack", async () => {
    const exports = Array.from({ length: 20_000 }, (_, i) => `(export "t${i}" (type ${i}))`).join("");
    const component = await decodeText(
      `(component (type u8) ${exports} (import "f" (func $f (param "a" 20000))) (export "g" (func $f)))`,
    );
    const [func] = quick(() => exportedFunctions(component), 20_000);
    expect(func?.type.params).toEqual([{ name: "a", type: { kind: "u8" } }]);
  });
});

test("chains of types, aliases and instances of any length do not exhaust the stack", async () => {
  const length = 20_000;
  const each = (text: (i: number) => string) => Array.from({ length }, (_, i) => text(i)).join("");
  const component = await decodeText(`(component
    (type u8) ${each((i) => `(import "t${i}" (type (eq ${i})))`)}
    (instance (export "x" (type ${length}))) ${each((i) => `(instance (export "x" (instance ${i})))`)}
    ${each((i) => `(alias export ${i === 0 ? length : length + i} "x" (instance))`)}
    (alias export ${2 * length} "x" (type))
    (import "f" (func $f (param "a" ${length + 1}))) (export "g" (func $f)))`);
  const [func] = quick(() => exportedFunctions(component), 20_000);
  expect(func?.type.params).toEqual([{ name: "a", type: { kind: "u8" } }]);
});

describe("a type that is twice as large as the one before, 40 times over,", () => {
  const tuples = Array.from({ length: 40 }, (_, i) => `(type $t${i + 1} (tuple $t${i} $t${i}))`).join("");

  test("takes no exponential time to resolve or to print", async () => {
    const component = await decodeText(
      `(component (type $t0 u8) ${tuples} (import "f" (func $f (param "a" $t40))) (export "g" (func $f)))`,
    );
    const [func] = quick(() => exportedFunctions(component));
    const text = quick(() => formatFunctionType((func as NonNullable<typeof func>).type));
    expect(text).toMatch(/^func\(a: tuple<tuple<.*…/);
    expect(text.length).toBeLessThan(1000);
  });

  test("takes none when each component instantiates the one before", async () => {
    const components = Array.from(
      { length: 40 },
      (_, i) => `
        (component $c${i + 1} (instance $i (instantiate $c${i})) (alias export $i "t" (type $a))
          (alias export $i "t" (type $b)) (type $u (tuple $a $b)) (export "t" (type $u)))`,
    ).join("");
    const component = await decodeText(
      `(component (component $c0 (type $t u8) (export "t" (type $t))) ${components}
        (instance $i (instantiate $c40)) (alias export $i "t" (type $t))
        (import "f" (func $f (param "a" $t))) (export "g" (func $f)))`,
    );
    const [func] = quick(() => exportedFunctions(component));
    expect(func?.type.params[0]?.type).toMatchObject({ kind: "tuple", items: [{ kind: "tuple" }, { kind: "tuple" }] });
  });
});
