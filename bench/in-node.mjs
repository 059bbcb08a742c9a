/** The bundled benchmark on Dawn, in this process. Used by run.mjs, and by packed.mjs on a machine that has only Node. */
import { pathToFileURL } from 'node:url';

/**
 * @param {string} root where models are found below `public`
 * @param {string} module the bundle's
 * @param {{ quick: boolean, parts: string[], versions: Record<string, string>, machine: string, before: any, keep(report: unknown): void }} options
 */
export async function benchInNode(root, module, options) {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const gpu = create([]);
  // Libraries made for pages look for it here.
  Object.defineProperty(globalThis, 'navigator', {
    value: { gpu, userAgent: `Node.js/${process.versions.node}`, hardwareConcurrency: 1 },
    configurable: true,
  });
  const bundled = await import(pathToFileURL(module).href);
  return await bundled.benchInNode(root, gpu, options, (/** @type {string} */ name) => import(name));
}
