import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkFile, Kept } from './kept.mjs';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'masa-lab-kept-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const plain = { resume: false, replace: false };
const results = { part_seconds: { matmul: 3 }, failed: {} };

/** A file of that content. */
function written(content) {
  const out = join(folder, 'results.json');
  writeFileSync(out, content);
  return out;
}

describe('the file of results', () => {
  it('is refused where there is one already, and stays as it was', () => {
    const out = written(JSON.stringify(results));
    expect(() => checkFile({ ...plain, out })).toThrow(
      /expected --out to name a file that is not there yet, got .*results\.json: add --resume .*--replace .*another name/,
    );
    expect(JSON.parse(readFileSync(out, 'utf8'))).toEqual(results);
  });

  it('is taken where it is new, gone on with, or given up', () => {
    checkFile(plain);
    checkFile({ ...plain, out: join(folder, 'new.json') });
    const out = written(JSON.stringify(results));
    checkFile({ ...plain, out, resume: true });
    checkFile({ ...plain, out, replace: true });
    expect(new Kept({ out, resume: true, parts: [] }).before).toEqual(results);
    expect(new Kept({ out, resume: false, parts: [] }).before).toBeNull();
  });

  it('is not gone on with where it has no results', () => {
    for (const content of ['', '{"part_sec', '[]', 'null', '{}']) {
      const out = written(content);
      expect(() => checkFile({ ...plain, out, resume: true })).toThrow(/--resume with a benchmark's results/);
    }
  });

  it('is asked for where --resume or --replace stands without one, or both do', () => {
    expect(() => checkFile({ ...plain, resume: true })).toThrow('expected --resume with --out FILE');
    expect(() => checkFile({ ...plain, replace: true })).toThrow('expected --replace with --out FILE');
    const out = join(folder, 'new.json');
    expect(() => checkFile({ out, resume: true, replace: true })).toThrow('got both');
    expect(() => checkFile({ ...plain, out: folder })).toThrow('expected --out to name a file');
  });
});
