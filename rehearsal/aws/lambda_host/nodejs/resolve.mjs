// Where an import finds a package that is not the function's own: in the folders of NODE_PATH, in their order.
//
// It must not change what the function itself brings. Source: "Using Node.js ES modules and top-level await in AWS
// Lambda": NODE_PATH counts for ES modules too.
import path from "node:path";
import { pathToFileURL } from "node:url";

let folders = [];

export function initialize(nodePath) {
  folders = nodePath.split(path.delimiter).filter(Boolean);
}

export async function resolve(specifier, context, nextResolve) {
  try {
    return await nextResolve(specifier, context);
  } catch (error) {
    const isPackage = !/^(\.|\/|[a-z]+:)/.test(specifier);
    if (error.code !== "ERR_MODULE_NOT_FOUND" || !isPackage) throw error;
    for (const folder of folders) {
      // Packages are looked for in `node_modules` beside whoever imports.
      const parentURL = pathToFileURL(path.join(path.dirname(folder), "index.mjs")).href;
      try {
        return await nextResolve(specifier, { ...context, parentURL });
      } catch (another) {
        if (another.code !== "ERR_MODULE_NOT_FOUND") throw another;
      }
    }
    throw error;
  }
}
