/** The prompt groups of a run's event stream, as exports hold predictions against them. */
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordedGroup } from '../../export/files';
import type { PromptGroup } from '../../run/events';
import { EventReader, EventStreamError, type PlacedEvent } from '../../run/jsonl';
import type { Manifest } from '../../run/manifest';
import type { Task } from '../../tasks/task';
import { errorCode, FileError } from './file-errors';

/** The newest ones say most of the policy as it is. */
const MOST_GROUPS = 2048;

/**
 * The last groups of distinct problems that the run in `folder` recorded before `step`; none without events.
 * @throws Error naming the line that cannot be read; FileError.
 */
export async function recordedGroups(
  folder: string,
  step: number,
  task: Task,
  manifest: Manifest,
): Promise<RecordedGroup[]> {
  const path = join(folder, 'events.jsonl');
  if (!existsSync(path)) return [];
  // A map keeps the order of insertion: what is set again goes to its end, and the oldest stands first.
  const groups = new Map<string, RecordedGroup>();
  const keep = ({ event }: PlacedEvent) => {
    if (event.type !== 'prompt_group' || event.step >= step) return;
    const group = groupOf(event, task, manifest);
    if (!group) return;
    groups.delete(group.problem.key);
    groups.set(group.problem.key, group);
    const [oldest] = groups.keys();
    if (groups.size > MOST_GROUPS) groups.delete(oldest);
  };
  const reader = new EventReader();
  try {
    for await (const piece of createReadStream(path)) reader.push(piece).forEach(keep);
    const { last } = reader.end();
    if (last) keep(last);
  } catch (error) {
    if (error instanceof EventStreamError) throw new Error(`${path}: ${error.message}`, { cause: error });
    const code = errorCode(error);
    if (code === null) throw error;
    throw new FileError('read', path, code, { cause: error });
  }
  return [...groups.values()];
}

/** The rollouts that count, as `truthOf` of the trainer has them; null when none does. */
function groupOf(event: PromptGroup, task: Task, manifest: Manifest): RecordedGroup | null {
  const { vocabulary, meta } = task;
  const counted = event.rollouts.filter(({ cut }) => !(cut && manifest.masa_cutoff_score === 'mask'));
  if (!meta || counted.length === 0) return null;
  return {
    problem: { key: vocabulary.decode(event.prompt), prompt: event.prompt, ...event.problem },
    rollouts: counted.map(({ tokens, reward }) => ({
      correct: reward === 1,
      length: tokens.length,
      notions: meta.notionsIn(tokens).map((notion) => vocabulary.decode([notion])),
    })),
  };
}
