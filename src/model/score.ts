/**
 * Rows scored: log-probability and entropy of their active tokens, micro-batch by micro-batch and chunk by chunk of the
 * head, and their logits when asked for. No gradient, and no account of what it costs: that is the policy's. Used by
 * `policy.ts`.
 */
import { extentOf, type Row, splitRows } from './batch';
import type { Graph } from './graph';
import type { Inputs } from './inputs';
import { passOver, type Workspace } from './workspace';

export interface ScoreSettings {
  /** The logits are divided by it. */
  temperature: number;
  /** Whether the logits are read back too. */
  logits: boolean;
}

/** Log-probabilities and entropies of a row's active tokens, and its logits when asked for. */
export interface Scored {
  logps: Float32Array;
  entropies: Float32Array;
  /** [active, vocabulary] */
  logits?: Float32Array;
}

/** Scores the active tokens of rows, in order. */
export async function scoreRows(
  workspace: Workspace,
  inputs: Inputs,
  graph: Graph,
  rows: readonly Row[],
  settings: ScoreSettings,
): Promise<Scored[]> {
  const { capacity, config } = workspace;
  const vocabulary = config.vocab_size;
  const scored: Scored[] = [];
  graph.setTemperature(settings.temperature);
  for (const micro of splitRows(rows, capacity.tokens, capacity.rows)) {
    const batch = inputs.write(micro);
    const logits = settings.logits ? new Float32Array(batch.active * vocabulary) : undefined;
    workspace.submit('policy.score', (pass) => {
      passOver(pass, () => extentOf(batch));
      graph.encodeForward(pass, batch.tokens);
    });
    // Copies are made in the order they are asked for in: what is read is not waited for before the next part is encoded.
    let read = Promise.resolve();
    for (const part of graph.parts(batch.active)) {
      workspace.submit('policy.head', (pass) => graph.encodeHead(pass, part));
      await read;
      if (!logits) continue;
      const values = workspace.read('logits', part.count * vocabulary);
      read = values.then((of) => logits.set(of, part.start * vocabulary));
    }
    const [logps, entropies] = await Promise.all([
      workspace.read('logp', batch.active),
      workspace.read('entropy', batch.active),
      read,
    ]);
    let at = 0;
    for (const row of micro) {
      const end = at + row.active.length;
      scored.push({
        logps: logps.slice(at, end),
        entropies: entropies.slice(at, end),
        logits: logits?.slice(at * vocabulary, end * vocabulary),
      });
      at = end;
    }
  }
  return scored;
}
