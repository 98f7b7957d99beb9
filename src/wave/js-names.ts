/**
 * jco's name for a function, a record field or a flag: heck's `to_lower_camel_case`, which lower-cases acronyms too
 * (`HTTP-server` is `httpServer`). Within a kebab-case word all letters have one case, so that heck's own search for
 * word boundaries inside a word (`fooBar`, `XMLHttp`) never finds any, and digits never make one.
 */
export function toCamelCase(name: string): string {
  const words = name.replace(/^%/, "").toLowerCase().split("-");
  return words.map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join("");
}
