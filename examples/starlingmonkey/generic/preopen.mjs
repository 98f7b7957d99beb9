// @ts-check
// For `jco serve --jco-import`: the preopen that the uninitialized runtime reads its script from.
import { fileURLToPath } from "node:url";
import { shim } from "../lib.mjs";

const { _setPreopens } = await shim("filesystem");
_setPreopens({ "/": fileURLToPath(new URL("app/", import.meta.url)) });
