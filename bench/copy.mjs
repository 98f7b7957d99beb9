// @ts-check
// What linking cannot do without: node copy.mjs OUTPUT INPUT...
import { readFile, writeFile } from "node:fs/promises";

const [output = "", ...inputs] = process.argv.slice(2);
await writeFile(output, await Promise.all(inputs.map((input) => readFile(input))));
