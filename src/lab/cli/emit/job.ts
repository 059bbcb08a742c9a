/** What the job scripts have in common: which sweep they run, with what, and how often a cell is tried. */
export interface SweepJob {
  /** Letters, digits and . _ -. */
  name: string;
  cells: number;
  /** Node's program, by name or path. */
  node: string;
  /** Absolute paths, as the hosts see them. */
  lab: string;
  manifest: string;
  out: string;
  /** Cells at the same time: of all in Slurm and Kubernetes, of each host in GNU parallel; null for no bound. */
  atOnce: number | null;
  /** How often a cell is tried again. */
  retries: number;
  /** Seconds between being asked to stop and being ended. */
  grace: number;
  cpus: number | null;
  /** In the form `8G`: binary units. */
  memory: string | null;
}

/** The command line of one cell, but for its index. */
export const sweepCommand = ({ node, lab, manifest, out }: SweepJob): string[] => [
  node,
  `${lab}/scripts/lab.mjs`,
  'sweep',
  '--manifest',
  manifest,
  '--out',
  out,
];
