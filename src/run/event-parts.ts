/** Pieces that several events are made of. Used by `events.ts` and its parts. */
import { z } from 'zod';

/** A whole number from 0 on. */
export const count = z.int().min(0);

/**
 * A list of plain values of which the first wrong one alone is told: zod's own would tell of every one, and a list of
 * millions made for that takes its time and many times its memory.
 */
function listOf<T>(is: (value: unknown) => boolean, expected: string) {
  return z.custom<T[]>().check(({ value, issues }) => {
    const input: unknown = value;
    const wrong = Array.isArray(input) ? input.findIndex((each) => !is(each)) : -1;
    if (!Array.isArray(input)) issues.push({ code: 'custom', input, message: 'expected a list' });
    else if (wrong !== -1)
      issues.push({ code: 'custom', path: [wrong], input: input[wrong], message: `expected ${expected}` });
  });
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

export const counts = listOf<number>(isCount, 'a whole number from 0');
export const numbers = listOf<number>(Number.isFinite, 'a number');
export const numbersOrNull = listOf<number | null>(
  (value) => value === null || Number.isFinite(value),
  'a number or null',
);
export const booleans = listOf<boolean>((value) => typeof value === 'boolean', 'true or false');
export const texts = listOf<string>((value) => typeof value === 'string', 'a text');

/** Numbers by name; of wrong ones the first is told, as in a list. */
export const numbersByName = z.custom<Record<string, number>>().check(({ value, issues }) => {
  const input: unknown = value;
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
  const wrong = isObject ? Object.entries(input).find(([, each]) => !Number.isFinite(each)) : undefined;
  if (!isObject) issues.push({ code: 'custom', input, message: 'expected an object' });
  else if (wrong)
    issues.push({ code: 'custom', path: [wrong[0]], input: wrong[1], message: 'expected a number' });
});

/** Token ids of the task. */
export const tokens = counts;

export const problemInfo = z.object({
  family: z.string(),
  /** Difficulty inside the family: a tier's name. */
  tier: z.string(),
  /** Number of operations, or what counts as size in the family. */
  size: count,
  /** The tokens of the right answer, as the verifier wants them. */
  answer: tokens,
});
export type ProblemInfo = z.infer<typeof problemInfo>;

export const score = z.object({
  correct: count,
  samples: count,
  accuracy: z.number(),
  /** Wilson 95% interval. */
  low: z.number(),
  high: z.number(),
});
export type Score = z.infer<typeof score>;

/**
 * In the order of a step. `meta`, `gate` and `clone` are of runs with predictions, a gate, or supervised learning of
 * the meta side alone.
 */
export const PHASES = [
  'meta',
  'gate',
  'rollout',
  'reward',
  'advantage',
  'update',
  'clone',
  'evaluate',
  'checkpoint',
] as const;
export type Phase = (typeof PHASES)[number];

/**
 * What holds device memory: weights (the reference's and the adapter's with them), their gradients, moments and norms
 * of the optimisers, activations of the forward pass, gradients of activations with what the backward pass scratches
 * on, keys and values of the rows that are decoded, what is generated, the rows of a micro-batch, buffers the host
 * reads, uniforms.
 */
export const MEMORY_HOLDERS = [
  'weights',
  'gradients',
  'optimizer',
  'activations',
  'backward',
  'cache',
  'rollouts',
  'batch',
  'readback',
  'settings',
] as const;
export type MemoryHolder = (typeof MEMORY_HOLDERS)[number];

export const heldMemory = z.object({
  holder: z.enum(MEMORY_HOLDERS),
  buffers: count,
  bytes: count,
  /** By the plan that was made before anything was allocated; it leaves out what the host reads, and uniforms. */
  planned_bytes: count,
});
