/** The figures in words. */
import { median } from './site.mjs';

const ms = (value) => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
const percent = (value) => `${(value * 100).toFixed(1)}%`;
const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** @param {any} figures */
export function reportTraining({ runs, ratio, ratio_of_pairs, long_tasks, busy }) {
  const of = (kind) => runs.filter((each) => each.kind === kind).flatMap((each) => each.step_ms.slice(1));
  console.log(`
Training, with the page against without it
  step with the page       median ${ms(median(of('page')))}
  step without it          median ${ms(median(of('empty')))}
  the same step            ${percent(ratio - 1)} longer with the page (median); by pairs ${ratio_of_pairs.map((each) => percent(each - 1)).join(', ')}
  main thread busy         ${busy.map((each) => percent(each.task)).join(', ')} of the time, script ${busy.map((each) => percent(each.script)).join(', ')}
  tasks over 50 ms         ${long_tasks.length === 0 ? 'none' : `${long_tasks.length}, the longest ${ms(Math.max(...long_tasks.map((each) => each.ms)))}`}
  load of the machine      ${runs.map((each) => each.load_after).join(', ')}`);
}

/** @param {any} figures */
export function reportLongRun({
  steps,
  rate,
  early,
  middle,
  late,
  caught_up_ms,
  heap_at_end,
  long_tasks,
  problems,
}) {
  const row = (name, of) =>
    `  ${name.padEnd(25)}${[early, middle, late].map((each) => of(each).padStart(14)).join('')}`;
  console.log(`
A run of ${steps} steps, ${rate} a second
${row('around step', (each) => String(each.from_step))}
${row('main thread for a step', (each) => ms(each.task_ms_per_step))}
${row('JavaScript heap', (each) => mib(each.heap_bytes))}
${row('click, median (most)', ({ interactions: { click } }) => `${click.median_ms.toFixed(0)} (${ms(click.most_ms)})`)}
${row('scrub, median (most)', ({ interactions: { scrub } }) => `${scrub.median_ms.toFixed(0)} (${ms(scrub.most_ms)})`)}
${row('behind, in steps', (each) => String(each.behind_steps))}
${row('load of the machine', (each) => String(each.load))}
  caught up ${ms(caught_up_ms)} after the last step; heap at the end ${mib(heap_at_end)}
  tasks over 50 ms         ${long_tasks.length === 0 ? 'none' : `${long_tasks.length}, the longest ${ms(Math.max(...long_tasks.map((each) => each.ms)))}`}
  errors of the page       ${problems.length === 0 ? 'none' : problems.join('; ')}`);
}
