import type { ImportedInterface } from "../component/resolve.js";

/** What `--allow-network` gives, but for handlers of requests of WASI 0.3: they are other components. */
const NETWORK = /^wasi:(sockets|http)\/(?!handler@0\.3)/;

/** The option that gives the guest an import. */
export function grantOf({ name }: ImportedInterface): string {
  return NETWORK.test(name) ? "--allow-network" : `--import ${name}=FILE.js`;
}

/**
 * What WASI's interfaces have to say that something is not allowed: `access-denied` in wasi:sockets and wasi:keyvalue,
 * `HTTP-request-denied` in wasi:http.
 */
const DENIALS = ["access-denied", "HTTP-request-denied"];

/**
 * The error by which a function of WASI says that its caller is not allowed to, as the host's functions throw it. It follows from the
 * type that the component imports, so it holds for interfaces and versions that this host knows nothing of. Error cases
 * of other interfaces may mean anything.
 */
export function denialOf({ name, errors }: ImportedInterface, func: string): unknown {
  const error = name.startsWith("wasi:") ? errors.get(func) : undefined;
  if (error?.kind === "enum") return DENIALS.find((denial) => error.labels.includes(denial));
  if (error?.kind !== "variant") return undefined;
  const denial = error.cases.find((one) => DENIALS.includes(one.name) && one.type === undefined);
  return denial && { tag: denial.name };
}
