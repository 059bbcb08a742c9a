/**
 * A sweep for GNU parallel, on this host or over several: https://www.gnu.org/software/parallel/man.html. What may hold
 * any character goes in as an input source, which parallel quotes itself for the shell of each host, rather than in the
 * command, in which it replaces braces. Used by `lab emit parallel`.
 */
import { type SweepJob, sweepCommand } from './job';
import { shellWord, shellWords } from './shell';

export interface ParallelOptions {
  /** A file of hosts, as --sshloginfile takes it; null for this host alone. */
  hosts: string | null;
  /** Where parallel writes down what it has done. */
  joblog: string;
}

export function parallelScript(job: SweepJob, { hosts, joblog }: ParallelOptions): string {
  const { name, cells, atOnce, retries, grace } = job;
  const words = sweepCommand(job);
  // A command that begins with a replacement goes to the shell unquoted: what comes of it is taken for a command line.
  const command = [
    'env',
    ...words.map((_, place) => `{${place + 1}}`),
    '--index',
    `{${words.length + 1}}`,
  ].join(' ');
  const options = [
    ...['--jobs', String(atOnce ?? 1)],
    ...['--retries', String(retries + 1)],
    ...['--joblog', joblog, '--resume-failed'],
    ...['--termseq', `TERM,${grace * 1000},KILL,25`],
    ...(hosts === null ? [] : ['--sshloginfile', hosts]),
  ];
  return `#!/bin/bash
# The sweep ${name}, one cell a job: run this file. Given again, it goes on, and leaves finished cells alone.
set -eu
mkdir -p -- ${shellWord(job.out)} "$(dirname -- ${shellWord(joblog)})"
exec parallel ${shellWords(options)} \\
  ${shellWord(command)} \\
  ${words.map((word) => `::: ${shellWord(word)}`).join(' ')} \\
  ::: $(seq 0 ${cells - 1})
`;
}
