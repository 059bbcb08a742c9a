/**
 * Device memory by what holds it: buffers sorted by their labels, those that are planned and those that were made.
 *
 * Not here: the plan itself (`plan.ts`), nor buffers that live only while something is copied to the host. Used by
 * `plan.ts` and `policy.ts`.
 */
import type { MemoryHolder } from '../run/event-parts';

export interface HeldMemory {
  holder: MemoryHolder;
  buffers: number;
  bytes: number;
  planned_bytes: number;
}

/** The first that matches a label, without the place of arena, layer or slot at its end, decides. */
const HOLDERS: readonly (readonly [RegExp, MemoryHolder])[] = [
  [/^[a-z]+\.(weights|halves)$/, 'weights'],
  [/^[a-z]+\.gradient$/, 'gradients'],
  [/^([a-z]+\.(mean|square)|optimizer\..*)$/, 'optimizer'],
  [/^workspace\.cache$/, 'cache'],
  [/^(workspace\.(state|orders|prompts|live\w+|new\w+)|decoder\.live)$/, 'rollouts'],
  [
    /^workspace\.(ids|positions|spans|angles|sources|targets|rowOfActive|ranges|rowValues|order|segments|oldLogp|referenceLogp|statistics)$/,
    'batch',
  ],
  [
    /^workspace\.(x|normed|inverse|qkv|attention|logsumexp|mid|gateUp|act|hidden|hiddenInverse|logits|logp|entropy|normaliser)$/,
    'activations',
  ],
  [
    /^workspace\.(dx|dnorm|dqkv|dattention|delta|dgateUp|dact|slices|coefficient|detail|logRatio)$/,
    'backward',
  ],
];

/** @param label of a storage buffer: `workspace.qkv3`, `policy.weights0`. @throws Error for one that is not known. */
export function holderOf(label: string): MemoryHolder {
  const stem = label.replace(/\d*(\.\d+)?$/, '');
  const found = HOLDERS.find(([pattern]) => pattern.test(stem));
  if (!found) throw new Error(`internal: memory: no holder for the buffer ${label}`);
  return found[1];
}

/** GPUBufferUsage of what the host reads and of what holds settings. */
const MAP_READ = 0x01;
const UNIFORM = 0x40;
const STORAGE = 0x80;

/** What is held, largest first, with what the plan said of it. */
export function heldMemory(
  inventory: readonly { label: string; bytes: number; usage: number }[],
  planned: Readonly<Partial<Record<MemoryHolder, number>>>,
): HeldMemory[] {
  const held = new Map<MemoryHolder, HeldMemory>();
  for (const { label, bytes, usage } of inventory) {
    const holder =
      usage & STORAGE
        ? holderOf(label)
        : usage & UNIFORM
          ? 'settings'
          : usage & MAP_READ
            ? 'readback'
            : holderOf(label);
    const entry = held.get(holder) ?? { holder, buffers: 0, bytes: 0, planned_bytes: planned[holder] ?? 0 };
    entry.buffers++;
    entry.bytes += bytes;
    held.set(holder, entry);
  }
  return [...held.values()].sort((a, b) => b.bytes - a.bytes);
}
