/** What a session asks of where it lives: the page's worker or the command line. */
import type { Gpu } from '../gpu/device';
import type { ByteSource } from '../model/byte-source';
import type { CheckpointFiles } from '../run/checkpoint';
import type { AdapterInfo, RunEvent, SelfTestResult } from '../run/events';
import type { TestStore } from './adapter-test';
import type { BenchmarkStatus, InspectionAnswer, LabState, Progress } from './protocol';
import type { CaseFiles } from './self-test';
import type { ChoiceStore } from './tuning';

export interface SessionHost {
  /** Where WebGPU comes from; undefined when there is none. */
  gpu(): GPU | undefined;
  /** A device that was asked for before there was a session; each is handed out once. */
  earlyDevice?(): Promise<Gpu> | null;
  /** The files of a base model. @throws ModelFileError */
  readModel(name: string, onProgress: (done: number, total: number) => void): Promise<readonly ByteSource[]>;
  /** Where measured kernel choices are kept; without it nothing is measured. */
  choices?: ChoiceStore;
  /** How many milliseconds measuring may take before a run of so many steps; without it, what a visitor waits for. */
  choosingMs?(steps: number): number | undefined;
  /** Where a passed self-test is kept for the next visit; without it, every session begins with a test. */
  tests?: TestStore;
  /** Where the kernels of the first rollouts are kept for the next visit; without it, they are compiled when bound. */
  kernels?: ChoiceStore;
  /** Shipped cases of the self-test, by name. */
  readCases(names: readonly string[]): Promise<CaseFiles[]>;
  /**
   * Keeps a checkpoint and sends its `checkpoint` event where the other events go.
   * @throws NoRoomError to be asked again once the run is resumed.
   */
  keepCheckpoint(step: number, files: CheckpointFiles): Promise<void>;
  /** Keeps the state after each step, where the host has a place for that; the stream says nothing of it. @throws as above. */
  keepStep?(step: number, files: CheckpointFiles): Promise<void>;
  onEvent(event: RunEvent): void;
  /** Asked after a step: whether the run has used up what it was given, and ends there as one that is complete. */
  isSpent?(): boolean;
  onState(state: LabState, step: number): void;
  onProgress(progress: Progress): void;
  /** Told what a repeated self-test found, where the session began on the strength of an earlier visit's. */
  onTested?(adapter: AdapterInfo, selfTest: SelfTestResult): void;
  /** Needed where benchmark sets are asked for. */
  onBenchmarks?(status: BenchmarkStatus): void;
  /** Needed where rollouts are inspected. */
  onInspected?(answer: InspectionAnswer): void;
}
