/** settings.json of an export to another engine: all that `masa_rewards.py` has to know of task and run. */
import { MAX_NOTIONS } from '../../tasks/meta';
import { ANS, LAST_BUCKET, LEN, LENGTH_BUCKET, NOT, NOTIONS, PASS } from '../../tasks/tokens';
import { type ExportedPolicy, settingsOf } from '../files';

export const ENGINE_EXPORT_VERSION = 1;

export function rewardSettings(policy: Pick<ExportedPolicy, 'task' | 'manifest'>) {
  const m = settingsOf(policy);
  const { task } = policy;
  const { vocabulary, meta } = task;
  const word = (id: number) => vocabulary.decode([id]);
  return {
    version: ENGINE_EXPORT_VERSION,
    task: task.name,
    /** By id, the table's spare rows included. */
    words: Array.from({ length: vocabulary.tableSize }, (_, id) => word(id)),
    pad: word(vocabulary.pad),
    bos: word(vocabulary.bos),
    eos: word(vocabulary.eos),
    answer: word(ANS),
    max_completion_length: m.max_completion_length,
    meta: meta
      ? {
          order: meta.order,
          markers: { notions: word(NOT), length: word(LEN), pass: word(PASS) },
          notions: NOTIONS.map(word),
          max_notions: MAX_NOTIONS,
          length_bucket: LENGTH_BUCKET,
          last_bucket: LAST_BUCKET,
          pass_of: meta.passOf,
        }
      : null,
    rewards: {
      length: m.masa_length_reward,
      length_tolerance: m.masa_length_tolerance,
      pass_rate: m.masa_pass_reward,
      notions: m.masa_notion_comparison,
    },
  };
}
