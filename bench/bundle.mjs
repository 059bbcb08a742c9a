/**
 * TypeScript of the benchmark, or of the command line, as modules that Node runs. Used by run.mjs and pack.mjs.
 */
import { ROOT } from '../scripts/lib/host.mjs';

/**
 * With everything in it: TensorFlow.js is else loaded twice, in two forms of itself. Only what finds files beside
 * itself stays outside.
 * @param {string} entry below the root
 * @param {string} outDir
 */
export async function bundle(entry, outDir) {
  const { build } = await import('vite');
  await build({
    root: ROOT,
    configFile: false,
    logLevel: 'silent',
    publicDir: false,
    resolve: { mainFields: ['module', 'main'] },
    ssr: { noExternal: true, external: ['webgpu', 'onnxruntime-web'] },
    build: {
      ssr: entry,
      outDir,
      emptyOutDir: true,
      target: 'node20',
      minify: false,
      rolldownOptions: { output: { entryFileNames: 'main.mjs', chunkFileNames: '[name]-[hash].mjs' } },
    },
  });
}
