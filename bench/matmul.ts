/** Products: ours and the peers' on the same numbers, beside what the adapter can do at all. */

import { chosenVariant } from '../src/model/linear-variants';
import {
  boundOf,
  broadcastCandidate,
  type Ceiling,
  copyCandidate,
  fmaCandidate,
  loadCandidate,
} from './ceilings';
import type { BenchContext } from './context';
import { type Candidate, geometricMean, interleave, Pace, ratio, type Timing } from './measure';
import type { Ours } from './ours';
import type { Peer, ProductShape } from './peers/peer';
import type { BenchReport, MatmulResult } from './report';
import { policyProducts, SIZES } from './shapes';

/** Rows of a policy's products: the tokens of a micro-batch. */
const TOKENS = 2048;

export function products(quick: boolean): { name: string; shape: ProductShape }[] {
  const square = (n: number) => ({ name: `${n} cubed`, shape: { m: n, n, k: n } });
  const policies = SIZES.slice(0, quick ? 1 : 3).flatMap((size) =>
    policyProducts(size, TOKENS).map(({ name, shape }) => ({ name: `${name} (${size.label})`, shape })),
  );
  return [...policies, ...(quick ? [256, 512] : [256, 512, 1024, 2048]).map(square)];
}

export async function benchMatmul(
  ours: Ours,
  peers: readonly Peer[],
  { quick, note }: Pick<BenchContext, 'quick' | 'note'>,
  before: readonly MatmulResult[],
  found: (result: MatmulResult) => void,
): Promise<void> {
  const { gpu } = ours;
  const broadcast = await broadcastCandidate(gpu);
  const limits: Ceiling[] = [
    await fmaCandidate(gpu),
    await loadCandidate(gpu),
    await copyCandidate(gpu),
    ...(broadcast ? [broadcast] : []),
  ];
  const pace = new Pace(MOST_SECONDS);
  for (const { name, shape } of products(quick)) {
    const flops = 2 * shape.m * shape.n * shape.k;
    const known = before.find((each) => each.name === name);
    const result = known ?? (await measure(ours, peers, limits, { name, shape }, quick, pace));
    for (const [library, { median }] of Object.entries(result.seconds)) pace.learn(library, flops, median);
    if (known) continue;
    found(result);
    const { m, n, k } = shape;
    const { gflops, bound, left_out = {} } = result;
    note(
      `${name} [${m}, ${k}] x [${n}, ${k}]: ${Object.entries(gflops)
        .map(([library, rate]) => `${library} ${rate.toFixed(1)}`)
        .join(', ')} GFLOP/s; ${percent(result.of_fma_ceiling)} of the ceiling, ${percent(
        bound.reached,
      )} of what bounds ${bound.variant}: ${bound.gflops.toFixed(1)}`,
    );
    for (const [library, reason] of Object.entries(left_out))
      note(`${library} is left out of ${name}: ${reason}`);
  }
  for (const limit of limits) limit.dispose?.();
}

/** A library whose product takes longer than this is left out of it. */
const MOST_SECONDS = 20;

async function measure(
  ours: Ours,
  peers: readonly Peer[],
  limits: readonly Ceiling[],
  { name, shape }: { name: string; shape: ProductShape },
  quick: boolean,
  pace: Pace,
): Promise<MatmulResult> {
  const { gpu } = ours;
  const { m, n, k } = shape;
  const flops = 2 * m * n * k;
  const x = numbers(m * k, 1);
  const w = numbers(n * k, 2);
  const all: Candidate[] = [];
  const difference: Record<string, number> = {};
  const left_out: Record<string, string> = {};
  let expected: Float32Array | null = null;
  for (const library of [ours, ...peers]) {
    const reason = library === ours ? null : pace.tooLong(library.name, flops, 'a product');
    if (reason) {
      left_out[library.name] = reason;
      continue;
    }
    const product = await library.product(shape, x, w);
    const result = await product.result();
    expected ??= result;
    if (library !== ours) difference[library.name] = relativeDifference(result, expected);
    all.push(product);
  }
  const timed = await interleave([...all, ...limits], {
    rounds: quick ? 5 : 7,
    seconds: quick ? 0.08 : 0.2,
    mostUnits: 64,
    mostSeconds: quick ? 20 : 40,
  });
  for (const each of all) each.dispose?.();
  for (const library of [ours, ...peers]) await library.release?.();
  const here = ceilingOf((limit) => {
    const work = limits.find((each) => each.name === limit)?.work;
    return work === undefined ? null : work / timed.get(limit)!.median / 1e9;
  });
  const bound = boundOf(gpu, chosenVariant(gpu, 'forward', k, n), here);
  const seconds: Record<string, Timing> = {};
  const gflops: Record<string, number> = {};
  for (const library of all) {
    const { all: _, ...timing } = timed.get(library.name)!;
    seconds[library.name] = timing;
    gflops[library.name] = flops / timing.median / 1e9;
  }
  const mine = timed.get('ours')!;
  const ratios = all.slice(1).map((peer) => ratio(mine.all, timed.get(peer.name)!.all));
  return {
    name,
    shape,
    gflops,
    seconds,
    difference,
    ours_over_best_peer: ratios.length > 0 ? Math.min(...ratios) : null,
    of_fma_ceiling: gflops.ours / here.fma_gflops,
    bound: { ...bound, reached: gflops.ours / bound.gflops },
    rates: here,
    left_out,
  };
}

const percent = (share: number) => `${(100 * share).toFixed(0)}%`;

type Rates = NonNullable<BenchReport['ceiling']>;

/** @param rate by a ceiling's name; null where there is none */
function ceilingOf(rate: (ceiling: string) => number | null): Rates {
  return {
    fma_gflops: rate('fma ceiling')!,
    load_gvalues: rate('load ceiling')!,
    broadcast_gvalues: rate('broadcast ceiling'),
    copy_gbps: rate('copy ceiling')!,
  };
}

/** What the adapter does over all products: geometric means. Null of none. */
export function meanCeiling(results: readonly MatmulResult[]): Rates | null {
  const all = results.flatMap(({ rates }) => (rates ? [rates] : []));
  if (all.length === 0) return null;
  const mean = (of: (rates: Rates) => number | null) =>
    all.some((each) => of(each) === null) ? null : geometricMean(all.map((each) => of(each)!));
  return {
    fma_gflops: mean((each) => each.fma_gflops)!,
    load_gvalues: mean((each) => each.load_gvalues)!,
    broadcast_gvalues: mean((each) => each.broadcast_gvalues),
    copy_gbps: mean((each) => each.copy_gbps)!,
  };
}

/** Numbers between -1 and 1, the same every time. */
export function numbers(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin((i + 1) * (12.9898 + seed)) % 1);
}

function relativeDifference(a: Float32Array, b: Float32Array): number {
  let most = 0;
  let largest = 0;
  for (let i = 0; i < b.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    // Written so that NaN counts as a difference.
    if (!(difference <= most)) most = difference;
    largest = Math.max(largest, Math.abs(b[i]));
  }
  return most / largest;
}
