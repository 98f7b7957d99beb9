// For child processes, which Vitest does not transform: runs TypeScript with `./x.js` meaning `x.ts`. Node itself strips
// types but knows neither that nor parameter properties.
import { existsSync, readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const compilerOptions = {
  target: ts.ScriptTarget.ES2024,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  inlineSourceMap: true,
};

registerHooks({
  resolve(specifier, context, next) {
    const isOwn = /^(\.|file:)/.test(specifier) && specifier.endsWith(".js");
    if (!isOwn) return next(specifier, context);
    const source = new URL(specifier.replace(/\.js$/, ".ts"), context.parentURL);
    return existsSync(source) ? { url: source.href, format: "module", shortCircuit: true } : next(specifier, context);
  },
  load(url, context, next) {
    if (!url.startsWith("file:") || !url.endsWith(".ts")) return next(url, context);
    const fileName = fileURLToPath(url);
    const { outputText } = ts.transpileModule(readFileSync(fileName, "utf8"), { compilerOptions, fileName });
    return { format: "module", source: outputText, shortCircuit: true };
  },
});
