import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** What tests may keep between runs; never part of the repository. */
export const CACHE = fileURLToPath(new URL("../../.cache/", import.meta.url));
export const FIXTURES = fileURLToPath(new URL("../../fixtures/", import.meta.url));
