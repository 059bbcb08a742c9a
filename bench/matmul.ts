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
import { type Candidate, geometricMean, interleave, ratio, type Timing } from './measure';
import type { Ours } from './ours';
import type { Peer, ProductShape } from './peers/peer';
import type { BenchReport, MatmulResult } from './report';
import { policyProducts, SIZES } from './shapes';

/** Rows of a policy's products: the tokens of a micro-batch. */
const TOKENS = 2048;

export function products(quick: boolean): { name: string; shape: ProductShape }[] {
  const square = (n: number) => ({ name: `${n} cubed`, shape: { m: n, n, k: n } });
  const policies = (quick ? SIZES.slice(0, 1) : SIZES.slice(0, 2)).flatMap((size) =>
    policyProducts(size, TOKENS).map(({ name, shape }) => ({ name: `${name} (${size.label})`, shape })),
  );
  return [...policies, ...(quick ? [256, 512] : [256, 512, 1024, 2048]).map(square)];
}

export async function benchMatmul(
  ours: Ours,
  peers: readonly Peer[],
  quick: boolean,
  note: (text: string) => void,
): Promise<Pick<BenchReport, 'matmul' | 'ceiling'>> {
  const { gpu } = ours;
  const results: MatmulResult[] = [];
  const broadcast = await broadcastCandidate(gpu);
  const limits: Ceiling[] = [
    await fmaCandidate(gpu),
    await loadCandidate(gpu),
    await copyCandidate(gpu),
    ...(broadcast ? [broadcast] : []),
  ];
  const rates = new Map<string, number[]>(limits.map(({ name }) => [name, []]));
  for (const { name, shape } of products(quick)) {
    const { m, n, k } = shape;
    const x = numbers(m * k, 1);
    const w = numbers(n * k, 2);
    const all: Candidate[] = [];
    const difference: Record<string, number> = {};
    let expected: Float32Array | null = null;
    for (const library of [ours, ...peers]) {
      const product = await library.product(shape, x, w);
      const result = await product.result();
      expected ??= result;
      if (library !== ours) difference[library.name] = relativeDifference(result, expected);
      all.push(product);
    }
    const timed = await interleave([...all, ...limits], {
      rounds: quick ? 5 : 9,
      seconds: quick ? 0.08 : 0.2,
      mostUnits: 64,
      mostSeconds: quick ? 20 : 120,
    });
    for (const each of all) each.dispose?.();
    const flops = 2 * m * n * k;
    const mine = timed.get('ours')!;
    const now = limits.map(({ name, work }) => {
      const rate = work / timed.get(name)!.median / 1e9;
      rates.get(name)!.push(rate);
      return [name, rate] as const;
    });
    const { copy_gbps: _, ...here } = ceilingOf(new Map(now.map(([name, rate]) => [name, [rate]])));
    const bound = boundOf(gpu, chosenVariant(gpu, 'forward', k, n), here);
    const seconds: Record<string, Timing> = {};
    const gflops: Record<string, number> = {};
    for (const library of [ours, ...peers]) {
      const { all: _, ...timing } = timed.get(library.name)!;
      seconds[library.name] = timing;
      gflops[library.name] = flops / timing.median / 1e9;
    }
    const ratios = peers.map((peer) => ratio(mine.all, timed.get(peer.name)!.all));
    const result: MatmulResult = {
      name,
      shape,
      gflops,
      seconds,
      difference,
      ours_over_best_peer: ratios.length > 0 ? Math.min(...ratios) : null,
      of_fma_ceiling: gflops.ours / here.fma_gflops,
      bound: { ...bound, reached: gflops.ours / bound.gflops },
    };
    results.push(result);
    note(
      `${name} [${m}, ${k}] x [${n}, ${k}]: ${Object.entries(gflops)
        .map(([library, rate]) => `${library} ${rate.toFixed(1)}`)
        .join(', ')} GFLOP/s; ${percent(result.of_fma_ceiling)} of ${here.fma_gflops.toFixed(1)}, ${percent(
        result.bound.reached,
      )} of what bounds ${bound.variant}: ${bound.gflops.toFixed(1)}`,
    );
  }
  for (const limit of limits) limit.dispose?.();
  return { matmul: results, ceiling: ceilingOf(rates) };
}

const percent = (share: number) => `${(100 * share).toFixed(0)}%`;

function ceilingOf(rates: ReadonlyMap<string, readonly number[]>): NonNullable<BenchReport['ceiling']> {
  const mean = (name: string) => geometricMean(rates.get(name) ?? []);
  return {
    fma_gflops: mean('fma ceiling'),
    load_gvalues: mean('load ceiling'),
    broadcast_gvalues: rates.has('broadcast ceiling') ? mean('broadcast ceiling') : null,
    copy_gbps: mean('copy ceiling'),
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
