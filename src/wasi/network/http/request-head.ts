import { isToken } from "./fields.js";
import { isPath, parseAuthority, type Scheme, type Target, targetOf } from "./target.js";

export type Method =
  | { readonly tag: "get" | "head" | "post" | "put" | "delete" | "connect" | "options" | "trace" | "patch" }
  | { readonly tag: "other"; readonly val: string };

/** WIT: the setters fail when the value is not valid; their error has no payload. */
function check(isValid: boolean): void {
  if (!isValid) throw undefined;
}

/** What a request asks for, and of whom. */
export class RequestHead {
  #method: Method = { tag: "get" };
  #path: string | undefined;
  #scheme: Scheme | undefined;
  #authority: string | undefined;

  get method(): Method {
    return this.#method;
  }

  set method(method: Method) {
    check(method.tag !== "other" || isToken(method.val));
    this.#method = method;
  }

  get path(): string | undefined {
    return this.#path;
  }

  set path(path: string | undefined) {
    check(path === undefined || isPath(path));
    this.#path = path;
  }

  get scheme(): Scheme | undefined {
    return this.#scheme;
  }

  set scheme(scheme: Scheme | undefined) {
    check(scheme?.tag !== "other" || /^[a-z][a-z0-9+.-]*$/i.test(scheme.val));
    this.#scheme = scheme;
  }

  get authority(): string | undefined {
    return this.#authority;
  }

  set authority(authority: string | undefined) {
    check(authority === undefined || parseAuthority(authority) !== undefined);
    this.#authority = authority;
  }

  /** As it is sent. */
  get methodName(): string {
    return this.#method.tag === "other" ? this.#method.val : this.#method.tag.toUpperCase();
  }

  /** @throws an `error-code` */
  get target(): Target {
    return targetOf(this.#scheme, this.#authority, this.#path);
  }
}
