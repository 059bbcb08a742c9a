/** The policies that come with the page, so that there is one to try in a browser without WebGPU. */
import type { TaskName } from '../../tasks';

export interface ShippedPolicy {
  name: string;
  label: string;
  /** What it is, in one sentence. */
  describes: string;
  /** Below the page's address. */
  folder: string;
  /** Its files in there. */
  files: readonly string[];
  task: TaskName;
  trained: boolean;
}

const MODEL = ['config.json', 'model.safetensors'] as const;

export const SHIPPED_POLICIES: readonly ShippedPolicy[] = [
  {
    name: 'ladder-masa',
    label: 'Trained with MASA, 70 steps',
    describes: 'Answers the ladder’s problems, and has learned to predict how often it will be right.',
    folder: 'policies/ladder-masa',
    files: [...MODEL, 'manifest.json'],
    task: 'ladder',
    trained: true,
  },
  {
    name: 'long-tail-adapter',
    label: 'Trained with a meta adapter, 240 steps',
    describes: 'Answers the long tail’s problems, and predicts through an adapter of its own.',
    folder: 'policies/long-tail-adapter',
    files: [...MODEL, 'adapter_config.json', 'adapter_model.safetensors', 'manifest.json'],
    task: 'long-tail',
    trained: true,
  },
  {
    name: 'ladder-base',
    label: 'Base model of the ladder',
    describes: 'What runs on the task ladder begin with.',
    folder: 'models/ladder-base',
    files: MODEL,
    task: 'ladder',
    trained: false,
  },
  {
    name: 'long-tail-base',
    label: 'Base model of the long tail',
    describes: 'What runs on the task long-tail begin with.',
    folder: 'models/long-tail-base',
    files: MODEL,
    task: 'long-tail',
    trained: false,
  },
];
