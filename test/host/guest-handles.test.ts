import { describe, expect, test } from "vitest";
import { GuestHandles } from "../../src/host/guest-handles.js";

const OWNED = 1 << 30;

/** What jco's text does for a resource of the component itself. */
function make(handles: GuestHandles, table: number[]): number {
  table.push(0, 1 | OWNED);
  const handle = table.length / 2 - 1;
  handles.noteCreation(table, handle);
  return handle;
}

describe("the handles that a guest owns", () => {
  test("are not those that it has dropped or borrowed", () => {
    const handles = new GuestHandles();
    const table = [OWNED, 0];
    handles.tables[3] = table;
    handles.during("first", () => make(handles, table));
    const dropped = make(handles, table);
    table[2 * dropped] = OWNED;
    table.push(5, 7);
    expect(handles.owned()).toMatchObject([{ createdBy: "first", resource: undefined }]);
  });

  test("have a stack, but not more of them than takes no time", () => {
    const handles = new GuestHandles();
    const table = [OWNED, 0];
    handles.tables[0] = table;
    for (let i = 0; i <= 10_000; i++) make(handles, table);
    const stacks = handles.owned().map(({ stack }) => stack);
    expect(stacks[0]).toContain("at make");
    expect(stacks.filter((stack) => stack === "")).toHaveLength(1);
  });
});
