/** What the tests of the command line share: a console that listens, a folder that goes away, a checkpoint. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type CheckpointFiles, makeCheckpoint } from '../../run/checkpoint';
import { DEFAULT_MANIFEST, type Manifest } from '../../run/manifest';
import type { Console } from './console';

/** A console that keeps what it is given. */
export class ListeningConsole implements Console {
  stdout = '';
  stderr = '';

  constructor(
    readonly terminal = false,
    readonly width = 80,
  ) {}

  out(text: string): void {
    this.stdout += text;
  }

  err(text: string): void {
    this.stderr += text;
  }

  columns(): number {
    return this.width;
  }
}

/** An empty folder, removed after the test. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'lab-cli-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A whole checkpoint after `step` steps, with contents that differ from step to step. */
export function exampleCheckpoint(
  step: number,
  manifest: Manifest = DEFAULT_MANIFEST,
): Promise<CheckpointFiles> {
  return makeCheckpoint(
    {
      step,
      optimizer_steps: step,
      num_tokens: step * 100,
      manifest,
      task: manifest.task,
      random: { algorithm: 'philox4x32-10', seed: manifest.seed },
    },
    [
      { name: 'config.json', bytes: new TextEncoder().encode('{}') },
      { name: 'model.safetensors', bytes: new Uint8Array(32).fill(step) },
      { name: 'optimizer.safetensors', bytes: new Uint8Array(64).fill(step) },
    ],
  );
}
