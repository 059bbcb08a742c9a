/**
 * A sweep as a Slurm job array: https://slurm.schedmd.com/sbatch.html. No path stands in a #SBATCH line, which sbatch
 * reads by rules of its own. Used by `lab emit slurm`.
 */
import { type SweepJob, sweepCommand } from './job';
import { shellWords } from './shell';

export interface SlurmOptions {
  time: string | null;
  gres: string | null;
  partition: string | null;
  account: string | null;
  /** Further options of sbatch, such as `--qos=high`. */
  further: readonly string[];
}

export function slurmScript(job: SweepJob, options: SlurmOptions): string {
  const { name, cells, atOnce, retries, grace, cpus, memory } = job;
  const given: [string, string | number | null][] = [
    ['time', options.time],
    ['partition', options.partition],
    ['account', options.account],
    ['cpus-per-task', cpus],
    ['mem', memory],
    ['gres', options.gres],
  ];
  const lines = [
    `--job-name=${name}`,
    `--array=0-${cells - 1}${atOnce === null ? '' : `%${atOnce}`}`,
    '--nodes=1',
    '--ntasks=1',
    ...given.flatMap(([key, value]) => (value === null ? [] : [`--${key}=${value}`])),
    `--output=${name}-%A_%a.out`,
    '--open-mode=append',
    '--requeue',
    `--signal=B:USR1@${grace}`,
    ...options.further,
  ];
  return `#!/bin/bash
# The sweep ${name}, one cell a task: sbatch this file. Given again, it leaves finished cells alone.
${lines.map((line) => `#SBATCH ${line}`).join('\n')}
set -u
retries=${retries}
child=
asked=

# USR1: the time is nearly up. TERM: the job is to end. Either way the cell stops with a checkpoint.
stop() {
  asked=$1
  [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
}
trap 'stop time' USR1
trap 'stop end' TERM

${shellWords(sweepCommand(job))} --index "$SLURM_ARRAY_TASK_ID" &
child=$!

# A signal cuts \`wait\` short, so it is asked again until the process is gone.
code=127
while :; do
  wait "$child"
  now=$?
  [ "$now" -eq 127 ] || code=$now
  kill -0 "$child" 2>/dev/null || break
done
wait "$child"
now=$?
[ "$now" -eq 127 ] || code=$now

# Finished, or refused for what no further try would change.
case $code in 0 | 2) exit "$code" ;; esac
# Out of time, or the process died: again, from the last checkpoint. Who cancels a job or preempts it decides that alone.
if [ "$asked" != end ] && [ "\${SLURM_RESTART_COUNT:-0}" -lt "$retries" ]; then
  scontrol requeue "\${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID" && exit 0
fi
exit "$code"
`;
}
