/** What every part of the benchmark is handed: by how much to measure, whom to tell, what the machine has left. */
import type { ReadModel } from './rl-step';

export interface BenchContext {
  quick: boolean;
  note(text: string): void;
  readModel: ReadModel;
  /** Bytes that the machine has free, where the device's memory is the machine's; null where that is not known. */
  freeMemory(): number | null;
}
