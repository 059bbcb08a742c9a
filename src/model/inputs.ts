/**
 * What a pass reads besides weights: a micro-batch's rows in the workspace's buffers, and how many there are of each.
 * Shared by every graph over the workspace. Used by `policy.ts`.
 */
import { type PackedBatch, packRows, type Row, type TrainRow } from './batch';
import type { Extent, Workspace } from './workspace';

export class Inputs {
  /** Packed tokens, active tokens, rows (and the first row's place in the batch), distinct ids. */
  readonly tokens: Extent;
  readonly active: Extent;
  readonly rows: Extent;
  readonly segments: Extent;

  constructor(private readonly workspace: Workspace) {
    this.tokens = workspace.extent('tokens');
    this.active = workspace.extent('active');
    this.rows = workspace.extent('rows');
    this.segments = workspace.extent('segments');
  }

  /** Lays out rows for the forward pass and the head. */
  write(micro: readonly Row[]): PackedBatch {
    const { workspace } = this;
    const batch = packRows(micro, workspace.config.vocab_size);
    workspace.write('ids', batch.ids);
    workspace.write('positions', batch.positions);
    workspace.write('spans', batch.spans);
    workspace.write('sources', batch.sources);
    workspace.write('targets', batch.targets);
    workspace.write('rowOfActive', batch.rowOfActive);
    workspace.write('ranges', batch.ranges);
    this.tokens.write(batch.tokens);
    this.active.write(batch.active);
    return batch;
  }

  /**
   * Lays out rows for the loss and the backward pass, too; the first is number `firstRow` of the batch.
   * `referenceGiven`: all rows brought the reference's log-probabilities along.
   */
  writeTraining(
    micro: readonly TrainRow[],
    firstRow: number,
  ): { batch: PackedBatch; referenceGiven: boolean } {
    const { workspace } = this;
    const batch = this.write(micro);
    workspace.write('order', batch.order);
    workspace.write('segments', batch.segmentTable);
    workspace.write('rowValues', Float32Array.from(micro.flatMap((r) => [r.advantage, r.weight])));
    const old = micro.map((r) => r.oldLogps);
    workspace.write('oldLogp', concatenate(old, batch.active));
    this.rows.write(batch.rows, firstRow);
    this.segments.write(batch.segments);
    const given = micro.flatMap((r) => (r.referenceLogps ? [r.referenceLogps] : []));
    const referenceGiven = given.length === micro.length;
    if (referenceGiven) workspace.write('referenceLogp', concatenate(given, batch.active));
    return { batch, referenceGiven };
  }
}

function concatenate(parts: readonly ArrayLike<number>[], length: number): Float32Array<ArrayBuffer> {
  const all = new Float32Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
