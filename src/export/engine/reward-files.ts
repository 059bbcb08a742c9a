/** The rewards of a task and run for engines that call Python, with what shows that they are ours. */

import { type ExportedPolicy, type ExportFile, jsonFile, textFile } from '../files';
import ROLLOUTS from '../fixtures/rollouts.jsonl?raw';
import CHECK from './check_rewards.py?raw';
import REWARDS from './masa_rewards.py?raw';
import { rewardSettings } from './settings';

export function rewardFiles(policy: Pick<ExportedPolicy, 'task' | 'manifest'>): ExportFile[] {
  return [
    textFile('masa_rewards.py', REWARDS),
    jsonFile('settings.json', rewardSettings(policy)),
    textFile('check_rewards.py', CHECK),
    textFile('rollouts.jsonl', ROLLOUTS),
  ];
}
