/** Reference cases on the disk: two files of one name, `NAME.json` and `NAME.safetensors`. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type ReferenceCase, readReferenceCase } from '../../model/reference/case';
import type { CaseFiles } from '../self-test';
import { readWhole } from './file-errors';
import { repositoryRoot } from './repository';

/** The `.json` of every shipped case. */
export function shippedCases(): string[] {
  const folder = join(repositoryRoot(), 'public', 'reference');
  const cases = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  if (cases.length === 0) throw new Error(`check: expected reference cases in ${folder}, got none`);
  return cases.sort().map((name) => join(folder, name));
}

/** The path of a shipped case. */
export const shippedCase = (name: string) => join(repositoryRoot(), 'public', 'reference', `${name}.json`);

/** A case named by its `.json`. @throws Error naming the file when it is not there or no JSON. */
export function readCaseFiles(path: string): CaseFiles {
  const name = basename(path).replace(/\.json$/, '');
  const tensors = join(dirname(path), `${name}.safetensors`);
  const text = new TextDecoder().decode(readWhole(path));
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`expected JSON, got something else (${(error as Error).message})`);
  }
  if (!existsSync(tensors)) throw new Error(`expected ${basename(tensors)} beside it, got none`);
  return { name, json, bytes: readWhole(tensors) };
}

/** A case read and checked. @throws Error naming what is wrong with it. */
export function readCase(path: string): { name: string; reference: ReferenceCase } {
  const { name, json, bytes } = readCaseFiles(path);
  return { name, reference: readReferenceCase(json, bytes) };
}
