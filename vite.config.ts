import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/**
 * The page's scripts and the trainer's are asked for with the page itself, not when its first script has been read: one
 * wait for the network instead of two. The trainer's is only fetched: it would be compiled for the page, too.
 */
const preloadScripts: Plugin = {
  name: 'preload-scripts',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    handler: (_html, { bundle = {} }) =>
      Object.values(bundle).flatMap((file) => {
        const isMain = file.type === 'chunk' && file.facadeModuleId?.endsWith('/src/ui/main.tsx');
        const isWorker = /(^|\/)worker-[\w-]+\.js$/.test(file.fileName);
        if (!isMain && !isWorker) return [];
        return [
          {
            tag: 'link',
            attrs: { rel: isMain ? 'modulepreload' : 'prefetch', href: `./${file.fileName}` },
            injectTo: 'head' as const,
          },
        ];
      }),
  },
};

export default defineConfig({
  plugins: [react(), preloadScripts],
  // Relative addresses, so that a build can be served from any folder of any host.
  base: './',
  worker: { format: 'es' },
  build: { target: 'es2023' },
  test: {
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    setupFiles: ['scripts/lib/vitest-gpu.mjs'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{src,bench}/**/*.test.{ts,tsx}', '{scripts,bench}/**/*.test.mjs'],
          exclude: ['**/*.gpu.test.ts'],
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
        },
      },
      {
        // One at a time and after the others: a software GPU uses every core by itself.
        extends: true,
        test: {
          name: 'gpu',
          include: ['src/**/*.gpu.test.ts'],
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
