/** The machine in words, and what else it had to do. Used by run.mjs and packed.mjs. */
import { cpus, loadavg, platform, totalmem } from 'node:os';

export const machine = () =>
  `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()}`;

/** Processes that wanted a core over the last minute. */
export const load = () => loadavg()[0].toFixed(2);
