import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunEvent } from '../../run/events';
import { EXAMPLE_EVENTS } from '../../run/example-events';
import { DEFAULT_MANIFEST } from '../../run/manifest';
import { Progress } from './progress';
import { Recorder } from './recorder';
import { RunDirectory } from './run-directory';
import { SummaryCollector } from './summary';
import { exampleCheckpoint, ListeningConsole, temporaryFolder } from './testing';

const group = EXAMPLE_EVENTS.find((e) => e.type === 'prompt_group') as RunEvent;
const metrics = EXAMPLE_EVENTS.find((e) => e.type === 'step_metrics') as RunEvent;
const finished = EXAMPLE_EVENTS.find((e) => e.type === 'finished') as RunEvent;
const warning: RunEvent = { type: 'warning', v: 1, step: 0, code: 'no-signal', message: 'm', remedy: 'r' };

function recording() {
  const out = join(temporaryFolder(), 'run');
  const directory = RunDirectory.create(out, DEFAULT_MANIFEST);
  const console = new ListeningConsole();
  const recorder = new Recorder(directory, new Progress(console, 4), new SummaryCollector());
  const types = () =>
    readFileSync(join(out, 'events.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line).type as string);
  return { recorder, directory, console, types };
}

test('a step’s groups and warnings are written with its metrics, in their order', () => {
  const { recorder, directory, console, types } = recording();
  for (const event of [group, group, warning]) recorder.event(event);
  expect(types()).toEqual([]);
  expect(console.stderr).toBe('');
  recorder.event(metrics);
  directory.close();
  expect(types()).toEqual(['prompt_group', 'prompt_group', 'warning', 'step_metrics']);
  expect(console.stderr).toContain('warning: m r');
});

/** What a step with MASA says before its metrics. */
const DECISIONS = ['gate_decision', 'gate_plan', 'meta_group', 'cutoff', 'audit', 'expert_update'] as const;
const decisions = DECISIONS.map(
  (type) => EXAMPLE_EVENTS.find((event) => event.type === type) ?? expect.fail(`no example of ${type}`),
);

test('MASA’s predictions, decisions and audit are written with their step’s metrics, in their order', () => {
  const { recorder, directory, types } = recording();
  for (const event of [...decisions, group]) recorder.event(event);
  expect(types()).toEqual([]);
  recorder.event(metrics);
  directory.close();
  expect(types()).toEqual([...DECISIONS, 'prompt_group', 'step_metrics']);
});

test.each(DECISIONS)('a %s of an abandoned step is not written, and its next try is', (type) => {
  const { recorder, directory, types } = recording();
  const event = decisions[DECISIONS.indexOf(type)];
  recorder.event(event);
  recorder.event({ ...finished, reason: 'stopped' } as RunEvent);
  expect(types()).toEqual(['finished']);
  recorder.event(event);
  recorder.event(metrics);
  directory.close();
  expect(types()).toEqual(['finished', type, 'step_metrics']);
});

test('what an abandoned step said is not written: the step is taken again when the run goes on', async () => {
  const { recorder, directory, types } = recording();
  recorder.event(group);
  recorder.checkpoint(0, await exampleCheckpoint(0));
  recorder.event({ ...finished, reason: 'stopped' } as RunEvent);
  directory.close();
  expect(types()).toEqual(['checkpoint', 'finished']);
});

test('what a failed step said is written, and a warning outside of a step at once', () => {
  const { recorder, directory, types } = recording();
  recorder.event(warning);
  expect(types()).toEqual(['warning']);
  recorder.event(group);
  recorder.event({ ...finished, reason: 'failed' } as RunEvent);
  directory.close();
  expect(types()).toEqual(['warning', 'prompt_group', 'finished']);
});
