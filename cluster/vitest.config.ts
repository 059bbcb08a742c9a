import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** One file after the other: each has workers of its own on every core. */
export default defineConfig({
  root: join(import.meta.dirname, '..'),
  test: {
    include: ['cluster/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
