import { createRequire } from "node:module";

/**
 * Makes `require` answer for a module with a stand-in, which loads the module when something of it is used: for what a
 * package loads at its own start, and this project never uses. Call it before the package is loaded.
 *
 * @param request the module, as it is required
 * @param from the file that requires it
 */
export function loadLater(request: string, from: string = __filename): void {
  const inside = createRequire(from);
  const file = inside.resolve(request);
  const load = () => {
    if (require.cache[file]?.exports === standIn) delete require.cache[file];
    return inside(file) as Record<string | symbol, unknown> & (() => unknown);
  };
  const standIn: unknown = new Proxy(() => undefined, {
    // What a compiled `import *` asks for; without it, it would copy everything.
    get: (_, name) => name === "__esModule" || load()[name],
    apply: (_, self, args: []) => load().apply(self, args),
  });
  require.cache[file] ??= { ...module, id: file, filename: file, loaded: true, exports: standIn };
}
