/**
 * The meta side of the tasks: asking the policy what its own rollouts will be like, reading what it says, and
 * handing its notions back as a hint. A prediction has three parts, in the task's order: `NOT n{1..3}`, one to three
 * different notions; `LEN b`, the solution's length in buckets of `LENGTH_BUCKET` tokens; `PASS p`, the pass rate in
 * eighths. The ladder's ends in `PASS p EOS`; the long tail's begins with it.
 *
 * Not here: what a prediction is worth (`rl/masa/rewards.ts`) or used for (`rl/masa/gate.ts` and its neighbours).
 * Source of the three parts: MASA, arXiv 2510.03259, section 3.
 */
import { hintBodyPrompt, metaBodyPrompt } from './family';
import type { Problem } from './task';
import {
  digit,
  digitValue,
  EOS,
  isDigit,
  isNotion,
  LAST_BUCKET,
  LEN,
  LENGTH_BUCKET,
  NOT,
  notionsIn,
  PASS,
  PASS_OF,
} from './tokens';

/** Most notions a hint or a prediction names. */
export const MAX_NOTIONS = 3;

/** A length predicted as a range: every whole number of tokens from `low` to `high`. */
export interface PredictedLength {
  /** The number the policy wrote: `LEN bucket`. */
  bucket: number;
  /** Tokens, inclusive. */
  low: number;
  /** Tokens, inclusive; null for the last bucket, which has no upper end. */
  high: number | null;
  /** Tokens: the middle of the bucket, the last one taken to be as wide as the others. */
  midpoint: number;
}

/** What one meta rollout says. Each part is null when it does not parse. */
export interface MetaPrediction {
  /** The whole output is exactly a prediction, the end token included. */
  parsed: boolean;
  /** One to three different notion tokens, in the order written. */
  notions: number[] | null;
  length: PredictedLength | null;
  /** Rollouts predicted to be correct out of `passOf`. */
  passCount: number | null;
  /** `passCount / passOf`, 0-1. */
  passRate: number | null;
}

export type MetaPart = 'notions' | 'length' | 'pass';

/** What the trainer has to know of a task that can be asked for predictions. */
export interface MetaTask {
  /** In which order the parts are written. */
  readonly order: readonly MetaPart[];
  /** A pass rate is predicted as a count out of this many. */
  readonly passOf: number;
  /** [passOf + 1] the token of each pass count: the distribution over these is the predicted pass rate. */
  readonly passTokens: readonly number[];
  /** [buckets] the token of each length bucket. */
  readonly lengthTokens: readonly number[];
  /** Longest exact output, in tokens: what a meta rollout needs to be allowed. */
  readonly maxCompletionLength: number;
  /** The meta prompt of a problem: it asks for a prediction instead of a solution. */
  metaPrompt(problem: Problem): number[];
  /** Reads an output, strictly; never throws, whatever the policy wrote. */
  parseMeta(completion: readonly number[]): MetaPrediction;
  /**
   * The exact output that says this, the inverse of `parseMeta` on exact outputs.
   * @throws Error when a part is null or is none the vocabulary can say.
   */
  writeMeta(prediction: Pick<MetaPrediction, 'notions' | 'length' | 'passCount'>): number[];
  /** Place in a completion of the token that says the pass count (behind the marker); null when there is none. */
  passPosition(completion: readonly number[]): number | null;
  /** What is written before the pass count when no rollout is sampled: meta prompt and this end in the marker. */
  readonly passMarker: readonly number[];
  /** The same for the length. */
  readonly lengthMarker: readonly number[];
  /** The distinct notions in a text. */
  notionsIn(tokens: readonly number[]): number[];
  /** The predicted notions that count: those the problem's own text does not name already. */
  countedNotions(problem: Problem, notions: readonly number[]): number[];
  /** The solution prompt with the prediction's notions as a hint; null when there is no notion to give. */
  hintPrompt(problem: Problem, prediction: Pick<MetaPrediction, 'notions'>): number[] | null;
  /** Tokens: the middle of a length bucket. */
  bucketMidpoint(bucket: number): number;
  /** The bucket a length falls into. */
  lengthOf(tokens: number): PredictedLength;
  /** The count out of `passOf` that says `correct` of `total`. */
  passCountOf(correct: number, total: number): number;
}

const bodyOf = (problem: Problem): number[] => problem.prompt.slice(1, -1);

/** The meta prompt of a problem, `BOS META body META`. */
export const metaPrompt = (problem: Problem): number[] => metaBodyPrompt(bodyOf(problem));

/**
 * The solution prompt of a problem with a hint, `BOS body HINT notions SOL`.
 * @throws Error unless there are one to three notions.
 */
export function hintPrompt(problem: Problem, notions: readonly number[]): number[] {
  if (notions.length < 1 || notions.length > MAX_NOTIONS || !notions.every(isNotion))
    throw new Error(
      `hintPrompt: expected 1 to ${MAX_NOTIONS} notion tokens, got [${notions.join(', ')}]; pick from NOTIONS`,
    );
  return hintBodyPrompt(bodyOf(problem), notions);
}

/** Bucket 0-9 as a range of tokens. */
function bucketRange(bucket: number): PredictedLength {
  const low = bucket * LENGTH_BUCKET;
  return {
    bucket,
    low,
    high: bucket === LAST_BUCKET ? null : low + LENGTH_BUCKET - 1,
    midpoint: low + (LENGTH_BUCKET - 1) / 2,
  };
}

/** The bucket of a length in tokens, which may be a mean and so broken: `floor(tokens / 8)`, at most the last. */
export function lengthOf(tokens: number): PredictedLength {
  if (!(tokens >= 0)) throw new Error(`lengthOf: expected a length of 0 or more tokens, got ${tokens}`);
  return bucketRange(Math.min(LAST_BUCKET, Math.floor(tokens / LENGTH_BUCKET)));
}

/**
 * `correct` of `total` in eighths: rounded, halves towards one half. 0 and 8 are kept for none and all, so that
 * they mean exactly the groups without variance, whatever the size of the group.
 */
export function passCountOf(correct: number, total: number): number {
  if (
    !(Number.isInteger(correct) && Number.isInteger(total) && total >= 1 && correct >= 0 && correct <= total)
  )
    throw new Error(`passCountOf: expected whole numbers 0 <= correct <= total, got ${correct} of ${total}`);
  if (correct === 0) return 0;
  if (correct === total) return PASS_OF;
  // Rounding what lies above one half from the other side makes the two halves mirror images.
  const eighths = (PASS_OF * correct) / total;
  const rounded = eighths <= PASS_OF / 2 ? Math.round(eighths) : PASS_OF - Math.round(PASS_OF - eighths);
  return Math.min(PASS_OF - 1, Math.max(1, rounded));
}

const MARKERS: Readonly<Record<MetaPart, number>> = { notions: NOT, length: LEN, pass: PASS };
const isMarker = (token: number): boolean => token === NOT || token === LEN || token === PASS;

/** What follows a part's marker, up to the next marker or the end; null unless the marker is there exactly once. */
function contentOf(text: readonly number[], part: MetaPart): readonly number[] | null {
  const marker = MARKERS[part];
  const start = text.indexOf(marker) + 1;
  if (start === 0 || text.indexOf(marker, start) >= 0) return null;
  const next = text.findIndex((token, at) => at >= start && isMarker(token));
  return text.slice(start, next < 0 ? text.length : next);
}

function readNotions(content: readonly number[] | null): number[] | null {
  if (content === null || content.length < 1 || content.length > MAX_NOTIONS) return null;
  // A list that repeats itself is not a set of notions, and must not be a cheaper one.
  return content.every(isNotion) && new Set(content).size === content.length ? [...content] : null;
}

function readNumber(content: readonly number[] | null, most: number): number | null {
  if (content === null || content.length !== 1 || !isDigit(content[0])) return null;
  const value = digitValue(content[0]);
  return value <= most ? value : null;
}

/** The meta side of a task of this vocabulary whose predictions have their parts in `order`. */
export function metaTask(order: readonly MetaPart[]): MetaTask {
  const write: MetaTask['writeMeta'] = ({ notions, length, passCount }) => {
    if (readNotions(notions) === null)
      throw new Error(
        `writeMeta: expected 1 to ${MAX_NOTIONS} different notion tokens, got ${shown(notions)}; rewrite only predictions that parsed`,
      );
    const bucket = length?.bucket ?? null;
    if (bucket === null || !(Number.isInteger(bucket) && bucket >= 0 && bucket <= LAST_BUCKET))
      throw new Error(`writeMeta: expected a length bucket from 0 to ${LAST_BUCKET}, got ${bucket}`);
    if (passCount === null || !(Number.isInteger(passCount) && passCount >= 0 && passCount <= PASS_OF))
      throw new Error(`writeMeta: expected a pass count from 0 to ${PASS_OF}, got ${passCount}`);
    const content: Record<MetaPart, readonly number[]> = {
      notions: notions ?? [],
      length: [digit(bucket)],
      pass: [digit(passCount)],
    };
    return [...order.flatMap((part) => [MARKERS[part], ...content[part]]), EOS];
  };

  return {
    order,
    passOf: PASS_OF,
    passTokens: Array.from({ length: PASS_OF + 1 }, (_, count) => digit(count)),
    lengthTokens: Array.from({ length: LAST_BUCKET + 1 }, (_, bucket) => digit(bucket)),
    maxCompletionLength: 1 + MAX_NOTIONS + 2 + 2 + 1,
    metaPrompt,
    writeMeta: write,
    parseMeta(completion) {
      const end = completion.indexOf(EOS);
      const text = end < 0 ? completion : completion.slice(0, end);
      const notions = readNotions(contentOf(text, 'notions'));
      const bucket = readNumber(contentOf(text, 'length'), LAST_BUCKET);
      const passCount = readNumber(contentOf(text, 'pass'), PASS_OF);
      const length = bucket === null ? null : bucketRange(bucket);
      const whole = notions && length && passCount !== null ? write({ notions, length, passCount }) : [];
      return {
        parsed:
          whole.length > 0 &&
          whole.length === completion.length &&
          whole.every((t, i) => t === completion[i]),
        notions,
        length,
        passCount,
        passRate: passCount === null ? null : passCount / PASS_OF,
      };
    },
    passPosition(completion) {
      const marker = completion.indexOf(PASS);
      return marker >= 0 && marker + 1 < completion.length ? marker + 1 : null;
    },
    passMarker: [PASS],
    lengthMarker: [LEN],
    notionsIn,
    countedNotions: (problem, notions) => notions.filter((notion) => !problem.prompt.includes(notion)),
    hintPrompt: (problem, { notions }) => (notions === null ? null : hintPrompt(problem, notions)),
    bucketMidpoint: (bucket) => bucketRange(bucket).midpoint,
    lengthOf,
    passCountOf,
  };
}

const shown = (tokens: readonly number[] | null): string =>
  tokens === null ? 'null' : `[${tokens.join(', ')}]`;

/** The ladder's: notions first, so that length and pass rate are said with the notions in mind. */
export const LADDER_META: MetaTask = metaTask(['notions', 'length', 'pass']);
