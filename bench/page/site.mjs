/** The built page on a port of its own, and what the measurements share: the machine's load, medians. */
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { CACHE, ROOT } from '../../scripts/lib/host.mjs';

/**
 * @param {string | undefined} url of a page that is served already
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 */
export async function openSite(url) {
  if (url) return { url: url.endsWith('/') ? url : `${url}/`, close: async () => {} };
  const { build, preview } = await import('vite');
  const outDir = join(CACHE, 'bench-site');
  const configFile = join(ROOT, 'vite.config.ts');
  console.log('Building the page…');
  // Vite's server, where one was started in this process, has left word that it is for development, with a React and
  // checks of their own: no visitor has that page.
  process.env.NODE_ENV = 'production';
  await build({ root: ROOT, configFile, logLevel: 'warn', build: { outDir, emptyOutDir: true } });
  const server = await preview({
    root: ROOT,
    configFile,
    logLevel: 'warn',
    build: { outDir },
    preview: { host: '127.0.0.1', port: 4800 },
  });
  return { url: String(server.resolvedUrls?.local[0]), close: () => server.close() };
}

/** Processes that wanted a core over the last minute; of the machine, this bench among them. */
export const load = () => Number(loadavg()[0].toFixed(2));

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Scripts that run in the page stand in files of their own. @param {string} name */
export const inPage = (name) => readFileSync(join(import.meta.dirname, name), 'utf8');
