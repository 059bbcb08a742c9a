/** The figures in words. */
import { median } from './site.mjs';

const ms = (value) => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
const percent = (value) => `${(value * 100).toFixed(1)}%`;
const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** @param {readonly any[]} tasks of each run or stretch */
function overLong(tasks) {
  const sum = (name) => tasks.reduce((total, each) => total + each[name], 0);
  const most = (name) => Math.max(...tasks.map((each) => each[name]));
  return `${sum('over_by_own_time')} of ${sum('tasks')} by the thread's own time, the longest ${ms(most('longest_by_own_time_ms'))}; by the clock, with waiting for a core, ${sum('over_by_clock')}, the longest ${ms(most('longest_by_clock_ms'))}`;
}

/** @param {any} figures */
export function reportTraining({ runs, ratio, ratio_of_pairs, tasks, busy }) {
  const of = (kind) => runs.filter((each) => each.kind === kind).flatMap((each) => each.step_ms.slice(1));
  console.log(`
Training, with the page against without it
  step with the page       median ${ms(median(of('page')))}
  step without it          median ${ms(median(of('empty')))}
  the same step            ${percent(ratio - 1)} longer with the page (median); by pairs ${ratio_of_pairs.map((each) => percent(each - 1)).join(', ')}
  main thread busy         ${busy.map((each) => percent(each.task)).join(', ')} of the time, script ${busy.map((each) => percent(each.script)).join(', ')}
  tasks over 50 ms         ${overLong(tasks)}
  load of the machine      ${runs.map((each) => each.load_after).join(', ')}`);
}

/** @param {any} figures */
export function reportLongRun({ steps, rate, early, middle, late, caught_up_ms, heap_at_end, problems }) {
  const row = (name, of) =>
    `  ${name.padEnd(25)}${[early, middle, late].map((each) => of(each).padStart(14)).join('')}`;
  console.log(`
A run of ${steps} steps, ${rate} a second
${row('around step', (each) => String(each.from_step))}
${row('main thread for a step', (each) => ms(each.task_ms_per_step))}
${row('its own time of that', (each) => ms(each.own_ms_per_step))}
${row('JavaScript heap', (each) => mib(each.heap_bytes))}
${row('click, median (most)', ({ interactions: { click } }) => `${click.median_ms.toFixed(0)} (${ms(click.most_ms)})`)}
${row('scrub, median (most)', ({ interactions: { scrub } }) => `${scrub.median_ms.toFixed(0)} (${ms(scrub.most_ms)})`)}
${row('behind, in steps', (each) => String(each.behind_steps))}
${row('load of the machine', (each) => String(each.load))}
  caught up ${ms(caught_up_ms)} after the last step; heap at the end ${mib(heap_at_end)}
  tasks over 50 ms         ${overLong([early.tasks, middle.tasks, late.tasks])}
  errors of the page       ${problems.length === 0 ? 'none' : problems.join('; ')}`);
}
