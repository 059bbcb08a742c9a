/**
 * A base model's folder while it is made and afterwards:
 *
 *   manifest.json          the pre-training's settings, there from the start
 *   snapshot.safetensors   where it can go on from; gone once it is done
 *   config.json, model.safetensors, report.json   the result
 *
 * Every file is written whole. Used by `pretrain`.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LlamaConfig } from '../../model/config';
import { readTensors, writeModel, writeTensors } from '../../model/model-file';
import type { NamedTensors } from '../../model/parameters';
import { readSafetensors } from '../../model/safetensors';
import { type PretrainSnapshot, pretrainConfig } from '../../rl/pretrain';
import { ManifestError } from '../../run/manifest';
import { type PretrainKey, type PretrainManifest, parsePretrainManifest } from '../../run/pretrain-manifest';
import { UsageError } from './arguments';
import { makeFolder, writeFileWhole } from './checkpoint-folder';
import { readWhole, withFile } from './file-errors';

const PARTS = { weights: 'weights/', mean: 'mean/', square: 'square/' } as const;

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

export class BaseFolder {
  private constructor(
    readonly path: string,
    readonly manifest: PretrainManifest,
    private readonly config: LlamaConfig,
    /** Where the training goes on from; null at its start. */
    readonly from: PretrainSnapshot | null,
  ) {}

  /**
   * Opens `path` for a pre-training by `manifest`, and proves that it can be written.
   * @throws UsageError when it holds another model already; ManifestError when what it holds was made by other
   *   settings; FileError.
   */
  static open(path: string, manifest: PretrainManifest, resume: boolean): BaseFolder {
    if (existsSync(join(path, 'model.safetensors')))
      throw new UsageError([
        `--out: expected a folder without a model, got ${path}, which holds a finished one; choose another`,
      ]);
    const snapshot = join(path, 'snapshot.safetensors');
    const isBegun = existsSync(snapshot);
    if (isBegun && !resume)
      throw new UsageError([
        `--out: expected a folder without a model, got ${path}, where one is being made; add --resume to go on with it, or choose another`,
      ]);
    const config = pretrainConfig(manifest);
    const from = isBegun ? readSnapshot(readWhole(snapshot), snapshot, manifest, config) : null;
    withFile('create', path, () => makeFolder(path));
    writeFileWhole(join(path, 'manifest.json'), json(manifest));
    return new BaseFolder(path, manifest, config, from);
  }

  writeSnapshot(snapshot: PretrainSnapshot): void {
    const bytes = writeTensors(
      this.config,
      [
        [PARTS.weights, snapshot.weights],
        [PARTS.mean, snapshot.mean],
        [PARTS.square, snapshot.square],
      ],
      {
        step: String(snapshot.step),
        tokens: String(snapshot.tokens),
        manifest: JSON.stringify(this.manifest),
      },
    );
    writeFileWhole(join(this.path, 'snapshot.safetensors'), bytes);
  }

  /** The weights last, for they say that the model is there. */
  writeModel(weights: NamedTensors): void {
    for (const { name, bytes } of writeModel({ config: this.config, weights }))
      writeFileWhole(join(this.path, name), bytes);
    rmSync(join(this.path, 'snapshot.safetensors'), { force: true });
  }

  writeReport(report: object): void {
    writeFileWhole(join(this.path, 'report.json'), json(report));
  }
}

/** @throws Error naming what is wrong with the file; ManifestError when it was made by another manifest. */
function readSnapshot(
  bytes: Uint8Array,
  path: string,
  manifest: PretrainManifest,
  config: LlamaConfig,
): PretrainSnapshot {
  let stored: PretrainManifest;
  let metadata: Record<string, string>;
  try {
    ({ metadata } = readSafetensors(bytes));
    stored = parsePretrainManifest(JSON.parse(metadata.manifest ?? 'null'));
  } catch (error) {
    throw new Error(
      `${path}: expected a snapshot, got a damaged file (${error instanceof Error ? error.message : error}); start again with another --out`,
    );
  }
  const changed = (Object.keys(stored) as PretrainKey[]).filter((key) => stored[key] !== manifest[key]);
  if (changed.length > 0)
    throw new ManifestError(
      changed.map((key) => ({
        key,
        message: `expected ${JSON.stringify(stored[key])} as the training began, got ${JSON.stringify(manifest[key])}; start another with another --out`,
      })),
    );
  const part = (prefix: string) => readTensors(config, bytes, prefix);
  return {
    step: count(metadata, 'step', path),
    tokens: count(metadata, 'tokens', path),
    weights: part(PARTS.weights),
    mean: part(PARTS.mean),
    square: part(PARTS.square),
  };
}

function count(metadata: Record<string, string>, key: string, path: string): number {
  const value = metadata[key] ?? '';
  if (!/^\d+$/.test(value)) throw new Error(`${path}: ${key}: expected a whole number, got "${value}"`);
  return Number(value);
}
