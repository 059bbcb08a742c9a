/**
 * A checkpoint as a set of named files, wherever they are kept: a folder of the command line, a download of the
 * page, memory. What is inside the safetensors is the model's business; here they are bytes with a length and
 * a digest, so that a damaged or mixed-up set is refused before anything is loaded from it.
 *
 *   trainer.json           where the run stood, and the sums of the other files
 *   config.json            the policy's sizes, as Hugging Face writes them
 *   model.safetensors      the policy's weights
 *   optimizer.safetensors  AdamW's two running means of each weight
 *
 * and where the run has them
 *
 *   experts_optimizer.safetensors   the same of the optimiser that clones experts
 *   adapter_config.json, adapter_model.safetensors   the meta adapter, as PEFT writes it
 *   adapter_optimizer.safetensors   its factors and offsets to the bit, with AdamW's running means
 */
import { z } from 'zod';
import { JsonError, parseJson as readJson, STATE_JSON } from './json';
import { manifestSchema } from './manifest';
import { masaStateSchema } from './masa-state';

export interface CheckpointFile {
  name: string;
  bytes: Uint8Array;
}
export type CheckpointFiles = CheckpointFile[];

export const CHECKPOINT_VERSION = 1;
export const TRAINER_FILE = 'trainer.json';

/** The files beside trainer.json that every checkpoint has. */
export const REQUIRED_FILES = ['config.json', 'model.safetensors', 'optimizer.safetensors'] as const;
/** Those that some have: exactly the ones whose sums trainer.json holds. */
export const OPTIONAL_FILES = [
  'experts_optimizer.safetensors',
  'adapter_config.json',
  'adapter_model.safetensors',
  'adapter_optimizer.safetensors',
] as const;
/** The files that can be beside trainer.json, and no others. */
export const PAYLOAD_FILES = [...REQUIRED_FILES, ...OPTIONAL_FILES] as const;
export type PayloadName = (typeof PAYLOAD_FILES)[number];

const fileSum = z.strictObject({
  bytes: z.int().min(0),
  /** SHA-256 in lower-case hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits'),
});

export const trainerStateSchema = z.strictObject({
  version: z.literal(CHECKPOINT_VERSION),
  /** Steps finished: the run goes on with the step of this number, counted from 0. */
  step: z.int().min(0),
  /** AdamW's count of updates, which its bias correction depends on. */
  optimizer_steps: z.int().min(0),
  /** Tokens generated for training so far: the metric `num_tokens`. */
  num_tokens: z.int().min(0),
  /** What training has cost so far: the metrics `num_flops` and `decode_steps`; 0 where it was not counted. */
  num_flops: z.number().min(0).default(0),
  decode_steps: z.int().min(0).default(0),
  /** The same count of the other optimisers, where the run has them. */
  experts_optimizer_steps: z.int().min(0).optional(),
  adapter_optimizer_steps: z.int().min(0).optional(),
  manifest: manifestSchema,
  task: z.string().min(1),
  /**
   * What random numbers are drawn from. Draws are keyed by (seed, purpose, step, rollout, position), so the
   * seed and the step are all the state there is; it is written down for whoever reads the file.
   */
  random: z.strictObject({ algorithm: z.string().min(1), seed: z.int().min(0).max(4294967295) }),
  /** What MASA learned beside the weights; absent without it. */
  masa: masaStateSchema.optional(),
  files: z.strictObject({
    'config.json': fileSum,
    'model.safetensors': fileSum,
    'optimizer.safetensors': fileSum,
    'experts_optimizer.safetensors': fileSum.optional(),
    'adapter_config.json': fileSum.optional(),
    'adapter_model.safetensors': fileSum.optional(),
    'adapter_optimizer.safetensors': fileSum.optional(),
  } satisfies Record<PayloadName, z.ZodType>),
});
export type TrainerState = z.output<typeof trainerStateSchema>;

/** One thing wrong with a checkpoint: in which file, and what. */
export interface CheckpointIssue {
  file: string;
  message: string;
}

/** A set of files that is no checkpoint; `issues` names everything found. */
export class CheckpointError extends Error {
  constructor(readonly issues: CheckpointIssue[]) {
    super(`checkpoint: ${issues.map((issue) => `${issue.file}: ${issue.message}`).join('; ')}`);
    this.name = 'CheckpointError';
  }
}

/**
 * The whole set of files of a checkpoint: `payload` (of PAYLOAD_FILES the required ones and those it has) and the trainer.json that
 * vouches for it, first.
 * @throws CheckpointError when the parts do not make a checkpoint that `readCheckpoint` would accept.
 */
export async function makeCheckpoint(
  state: Omit<z.input<typeof trainerStateSchema>, 'version' | 'files'>,
  payload: CheckpointFiles,
): Promise<CheckpointFiles> {
  const sums: Record<string, z.output<typeof fileSum>> = {};
  for (const { name, bytes } of payload) sums[name] = { bytes: bytes.length, sha256: await sha256(bytes) };
  const trainer = { version: CHECKPOINT_VERSION, ...state, files: sums };
  const text = `${JSON.stringify(trainer, null, 2)}\n`;
  const files = [{ name: TRAINER_FILE, bytes: new TextEncoder().encode(text) }, ...payload];
  await readCheckpoint(files);
  return files;
}

/**
 * The state in a checkpoint, once all of it has been found whole and consistent.
 * @throws CheckpointError naming every inconsistency.
 */
export async function readCheckpoint(files: CheckpointFiles): Promise<TrainerState> {
  const { trainer, issues } = await checkCheckpoint(files);
  if (!trainer || issues.length > 0) throw new CheckpointError(issues);
  return trainer;
}

/**
 * Everything that is wrong with a set of files, by file; none means that it can be loaded. `trainer` is set as
 * soon as trainer.json itself can be read, whatever is wrong with the rest.
 */
export async function checkCheckpoint(
  files: CheckpointFiles,
): Promise<{ trainer: TrainerState | null; issues: CheckpointIssue[] }> {
  const issues: CheckpointIssue[] = [];
  const known: readonly string[] = [TRAINER_FILE, ...PAYLOAD_FILES];
  const byName = new Map<string, Uint8Array>();
  for (const { name, bytes } of files) {
    if (!known.includes(name))
      issues.push({ file: name, message: `unknown file; a checkpoint holds ${known.join(', ')}` });
    else if (byName.has(name)) issues.push({ file: name, message: 'expected once, got it twice' });
    else byName.set(name, bytes);
  }
  for (const name of [TRAINER_FILE, ...REQUIRED_FILES])
    if (!byName.has(name)) issues.push({ file: name, message: 'missing' });

  const state = byName.get(TRAINER_FILE);
  const trainer = state ? readTrainerState(state, issues) : null;
  if (trainer) {
    checkState(trainer, issues);
    for (const name of PAYLOAD_FILES) {
      const bytes = byName.get(name);
      const sum = trainer.files[name];
      if (bytes && sum) await checkSum(name, bytes, sum, issues);
      else if (bytes) issues.push({ file: name, message: `expected none: ${TRAINER_FILE} does not name it` });
      else if (sum && !isRequired(name)) issues.push({ file: name, message: 'missing' });
    }
  }
  const config = byName.get('config.json');
  if (config) checkConfig(config, issues);
  return { trainer, issues };
}

const isRequired = (name: PayloadName): boolean => REQUIRED_FILES.some((required) => required === name);

function readTrainerState(bytes: Uint8Array, issues: CheckpointIssue[]): TrainerState | null {
  const value = parseJson(TRAINER_FILE, bytes, issues);
  if (value === undefined) return null;
  const version = (value as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version > CHECKPOINT_VERSION) {
    const message = `version: expected ${CHECKPOINT_VERSION} or older, got ${version}; open it with a newer version of the lab`;
    issues.push({ file: TRAINER_FILE, message });
    return null;
  }
  const result = trainerStateSchema.safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues)
    issues.push({ file: TRAINER_FILE, message: `${issue.path.join('.') || '(file)'}: ${issue.message}` });
  return null;
}

/** What the numbers of a run cannot be among themselves. */
function checkState(t: TrainerState, issues: CheckpointIssue[]): void {
  const wrong = (message: string) => issues.push({ file: TRAINER_FILE, message });
  const { manifest } = t;
  if (t.step > manifest.steps)
    wrong(`step: expected at most manifest.steps (${manifest.steps}), got ${t.step}`);
  const updates = t.step * manifest.num_iterations;
  if (t.optimizer_steps > updates)
    wrong(
      `optimizer_steps: expected at most step * manifest.num_iterations (${updates}), got ${t.optimizer_steps}`,
    );
  if (t.step === 0 && t.num_tokens > 0) wrong(`num_tokens: expected 0 at step 0, got ${t.num_tokens}`);
  if (t.task !== manifest.task) wrong(`task: expected manifest.task ("${manifest.task}"), got "${t.task}"`);
  if (t.random.seed !== manifest.seed)
    wrong(`random.seed: expected manifest.seed (${manifest.seed}), got ${t.random.seed}`);
}

async function checkSum(
  file: PayloadName,
  bytes: Uint8Array,
  expected: z.output<typeof fileSum>,
  issues: CheckpointIssue[],
): Promise<void> {
  if (bytes.length !== expected.bytes) {
    issues.push({ file, message: `expected ${expected.bytes} bytes, got ${bytes.length}` });
    return;
  }
  const got = await sha256(bytes);
  if (got !== expected.sha256)
    issues.push({ file, message: `expected the contents of SHA-256 ${expected.sha256}, got ${got}` });
}

function checkConfig(bytes: Uint8Array, issues: CheckpointIssue[]): void {
  const value = parseJson('config.json', bytes, issues);
  if (value !== undefined && (value === null || typeof value !== 'object' || Array.isArray(value)))
    issues.push({ file: 'config.json', message: `expected a JSON object, got ${JSON.stringify(value)}` });
}

/** undefined, with an issue, when the bytes are no JSON. */
function parseJson(file: string, bytes: Uint8Array, issues: CheckpointIssue[]): unknown {
  try {
    return readJson(bytes, file, STATE_JSON);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    issues.push({ file, message: error.reason });
    return undefined;
  }
}

/** SHA-256 of `bytes` in lower-case hexadecimal. Wherever there is WebGPU there is crypto.subtle: both want a secure context. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  // A view of shared memory is refused by WebCrypto; weights read back from a worker may be one.
  const plain = bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', plain));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
