import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

// A candidate outside of the repository cannot know where the bench lies, so it imports what it needs by the bench's name:
// "pruefstand/model/errors.ts", "pruefstand/shared/matrix-proxy/proxy.ts". Types need no such help: they are erased.

const harness = join(import.meta.dirname, "..");
const folders: Readonly<Record<string, string>> = {
  "pruefstand/model/": join(harness, "model"),
  "pruefstand/shared/": join(harness, "candidates", "shared"),
};

/** Where an import by the bench's name leads; undefined for every other import. */
export function benchModule(specifier: string): string | undefined {
  const prefix = Object.keys(folders).find((start) => specifier.startsWith(start));
  if (prefix === undefined || specifier.includes("..")) return undefined;
  return join(folders[prefix] ?? "", specifier.slice(prefix.length));
}

let registered = false;

/** Lets modules outside of the repository import the public parts of the bench. May be called again. */
export function openToForeign(): void {
  if (registered) return;
  registered = true;
  registerHooks({
    resolve(specifier, context, next) {
      const path = benchModule(specifier);
      return path === undefined ? next(specifier, context) : { url: pathToFileURL(path).href, shortCircuit: true };
    },
  });
}
