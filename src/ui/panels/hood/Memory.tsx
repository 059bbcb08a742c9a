/** What holds the device's memory: buffers as they were allocated, beside the plan that was made before. */
import type { MemoryHolder } from '../../../run/events';
import { formatBytes, formatCount, formatShare } from '../../../run/format';
import { Empty } from '../../components/Empty';
import { Explain } from '../../components/Explain';
import { Panel } from '../../components/Panel';
import { Picture } from '../../components/Picture';
import { usePage } from '../../state/context';
import { type HeldMemory, memoryTable } from '../../views/hood';
import styles from './Memory.module.css';

const HOLDER_NOTES: Record<MemoryHolder, { label: string; definition: string }> = {
  weights: {
    label: 'Weights',
    definition:
      'Of the policy; with a KL term those of its reference, with an adapter its factors and the weights it is merged into.',
  },
  gradients: { label: 'Gradients', definition: 'One value for each weight that is trained.' },
  optimizer: {
    label: 'Optimiser state',
    definition: 'AdamW’s two running means for each weight, and the sums the gradient’s norm is made of.',
  },
  activations: {
    label: 'Activations',
    definition:
      'What the forward pass leaves for the backward pass, every layer’s, and the logits of a chunk.',
  },
  backward: {
    label: 'Backward pass',
    definition: 'Gradients of activations, and the slices that gradients of weights are added up from.',
  },
  cache: { label: 'Key/value cache', definition: 'Keys and values of every row that is generated at once.' },
  rollouts: {
    label: 'Rollouts',
    definition: 'Tokens that are being generated with their log-probabilities, and which rows still live.',
  },
  batch: {
    label: 'Micro-batch',
    definition: 'Tokens, places and targets of the rows that are worked on, and their statistics.',
  },
  readback: { label: 'Read-back', definition: 'Buffers that the host reads results from. Not in the plan.' },
  settings: { label: 'Settings', definition: 'Sizes and switches the kernels read. Not in the plan.' },
};

const sum = (memory: readonly HeldMemory[], of: (each: HeldMemory) => number): number =>
  memory.reduce((total, each) => total + of(each), 0);

export function MemoryPanel() {
  const facts = usePage((page) => page.run.facts);
  const memory = facts?.memory ?? null;
  return (
    <Panel
      name="memory"
      title="What holds the GPU’s memory?"
      caption="Allocated when the run was loaded; a step allocates nothing, and copies for the host come and go."
    >
      {memory ? (
        <Held memory={memory} />
      ) : (
        <Empty>
          {facts ? 'This recording does not say what held its memory.' : 'Known once a run is loaded.'}
        </Empty>
      )}
    </Panel>
  );
}

function Held({ memory }: { memory: readonly HeldMemory[] }) {
  const total = sum(memory, (each) => each.bytes);
  const planned = sum(memory, (each) => each.planned_bytes);
  return (
    <>
      <Picture
        name="memory"
        title={`${formatBytes(total)} in ${formatCount(sum(memory, (each) => each.buffers))} buffers`}
        label={`Device memory: ${memory.map(({ holder, bytes }) => `${HOLDER_NOTES[holder].label} ${formatBytes(bytes)}`).join(', ')}`}
        height={() => 34}
        table={() => memoryTable(memory)}
      >
        {(width) => <Bar memory={memory} total={total} width={width} />}
      </Picture>
      <table className={styles.table} data-testid="memory-table">
        <thead>
          <tr>
            <th scope="col">Held by</th>
            <th scope="col">Bytes</th>
            <th scope="col">Share</th>
            <th scope="col">Planned</th>
          </tr>
        </thead>
        <tbody>
          {memory.map(({ holder, bytes, planned_bytes, buffers }) => (
            <tr key={holder} data-testid={`memory-${holder}`} data-bytes={bytes} data-planned={planned_bytes}>
              <th scope="row">
                <span className={styles.key} style={{ background: colourOf(holder) }} aria-hidden="true" />
                <Explain
                  {...HOLDER_NOTES[holder]}
                  value={`${formatBytes(bytes)} in ${formatCount(buffers)} ${buffers === 1 ? 'buffer' : 'buffers'}`}
                />
              </th>
              <td className="number">{formatBytes(bytes)}</td>
              <td className="number">{formatShare(bytes / total)}</td>
              <td className="number">{planned_bytes === 0 ? '–' : formatBytes(planned_bytes)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr data-testid="memory-total" data-bytes={total} data-planned={planned}>
            <th scope="row">Together</th>
            <td className="number">{formatBytes(total)}</td>
            <td />
            <td className="number">{formatBytes(planned)}</td>
          </tr>
        </tfoot>
      </table>
    </>
  );
}

function Bar({ memory, total, width }: { memory: readonly HeldMemory[]; total: number; width: number }) {
  let at = 0;
  return memory.map(({ holder, bytes }) => {
    const x = at;
    at += (bytes / total) * width;
    return (
      <rect
        key={holder}
        x={x}
        y={8}
        width={Math.max(0, at - x - 1)}
        height={18}
        style={{ fill: colourOf(holder) }}
      />
    );
  });
}

/** Holders with a colour of their own; the others are small. */
const COLOURED: ReadonlySet<MemoryHolder> = new Set([
  'weights',
  'gradients',
  'optimizer',
  'activations',
  'backward',
  'cache',
]);

const colourOf = (holder: MemoryHolder): string =>
  `var(--${COLOURED.has(holder) ? `held-${holder}` : 'line-strong'})`;
