/** Exported files as one ZIP archive, the same bytes inside as the command line writes to a folder. */
import { type Zippable, zipSync } from 'fflate';
import type { ExportFile } from '../../export/files';

/** ZIP's own beginning of time: an archive is a function of what is in it. */
const MOMENT = new Date(1980, 0, 1);

export function zipFiles(folder: string, files: readonly ExportFile[]): Uint8Array<ArrayBuffer> {
  const entries: Zippable = {};
  for (const { name, bytes } of files) {
    // Weights do not get smaller.
    const level = /\.(onnx|safetensors)$/.test(name) ? 0 : 6;
    entries[`${folder}/${name}`] = [bytes, { level, mtime: MOMENT }];
  }
  return zipSync(entries) as Uint8Array<ArrayBuffer>;
}

/** A name for the archive and the folder in it, as file systems take it. */
export function exportName(name: string, step: number, format: string): string {
  const plain = name
    .trim()
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 60);
  return `${plain || 'policy'}${step > 0 ? `-step-${step}` : ''}-${format}`;
}
