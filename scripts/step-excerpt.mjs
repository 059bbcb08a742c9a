/**
 * Cuts out of a recorded run what the first screen shows of one step: the gate's decisions and what came of each prompt.
 *
 *     node scripts/step-excerpt.mjs runs/first/events.jsonl 30 > src/ui/panels/welcome/recorded-step.json
 */
import { readFileSync } from 'node:fs';

const [file, step] = process.argv.slice(2);
if (!file || !/^\d+$/.test(step ?? '')) {
  console.error('Usage: node scripts/step-excerpt.mjs EVENTS.jsonl STEP');
  process.exit(2);
}
const events = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));
const started = events.find((event) => event.type === 'run_started');
const kept = events.flatMap((event) => {
  if (event.step !== Number(step)) return [];
  if (event.type === 'gate_decision' || event.type === 'gate_plan') return [event];
  // The truth alone: what was sampled of each prompt is not shown there.
  if (event.type === 'meta_group') return [{ ...event, predictions: [] }];
  return [];
});
if (!started || kept.length === 0) {
  console.error(`${file}: expected the gate's decisions of step ${step}, got none`);
  process.exit(1);
}
console.log(JSON.stringify({ task: started.manifest.task, step: Number(step), events: kept }, null, 1));
