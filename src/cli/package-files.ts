// What the package has besides code, seen from here and from the bundle, which are as deep.

export const MANIFEST = new URL("../../package.json", import.meta.url);
export const SCHEMA = new URL("../../schema/component-init.schema.json", import.meta.url);
