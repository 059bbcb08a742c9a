import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { events, type MadeUpRun } from '../../../rl/comparison/testing';
import { eventToLine } from '../../../run/jsonl';
import { main } from '../main';
import { ListeningConsole, temporaryFolder } from '../testing';

async function lab(...argv: string[]) {
  const console = new ListeningConsole();
  const code = await main(['report', ...argv], console);
  return { code, out: console.stdout, err: console.stderr };
}

const streamOf = (run: MadeUpRun): string =>
  events(run)
    .map((event) => eventToLine(event) ?? '')
    .join('');

function runFolder(run: MadeUpRun): string {
  const folder = join(temporaryFolder(), `seed-${run.seed ?? 1}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'events.jsonl'), streamOf(run));
  return folder;
}

const run = (seed: number, final: number, settings = {}): MadeUpRun => ({
  seed,
  settings,
  tokens: [100, 120],
  accuracy: { 0: 0.4, 2: final },
});

describe('lab report', () => {
  test('writes a file about one run with the figures of its stream', async () => {
    const out = join(temporaryFolder(), 'deep', 'report.html');
    const { code, out: said, err } = await lab('--run', runFolder(run(7, 0.625)), '--out', out);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(said).toContain(out);
    const text = readFileSync(out, 'utf8');
    expect(text).toContain('<title>seed-7</title>');
    expect(text).toContain('GRPO, seed 7');
    expect(text).toContain('62.5%');
    expect(text).toContain('<td>220</td>');
  });

  test('takes several runs as a list, and recordings as they are shipped', async () => {
    const packed = join(temporaryFolder(), 'watched.jsonl.gz');
    writeFileSync(packed, gzipSync(streamOf(run(3, 0.6))));
    const out = join(temporaryFolder(), 'both.html');
    const folders = [runFolder(run(1, 0.5)), runFolder(run(2, 0.6))];
    const { code, out: said } = await lab('--run', ...folders, packed, '--out', out, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(said)).toMatchObject({ file: out, runs: ['seed-1', 'seed-2', 'watched'] });
    const text = readFileSync(out, 'utf8');
    expect(text).toContain('3 runs of 1 arm');
    expect(text).toContain('seeds 1, 2, 3');
  });

  test('writes over a file only when told to', async () => {
    const out = join(temporaryFolder(), 'report.html');
    writeFileSync(out, 'mine');
    const refused = await lab('--run', runFolder(run(1, 0.5)), '--out', out);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain('add --force');
    expect(readFileSync(out, 'utf8')).toBe('mine');
    expect((await lab('--run', runFolder(run(1, 0.5)), '--out', out, '--force')).code).toBe(0);
    expect(readFileSync(out, 'utf8')).toContain('<!doctype html>');
  });

  test('names every argument that is wrong, and what is no run', async () => {
    const nothing = await lab();
    expect(nothing.code).toBe(2);
    expect(nothing.err).toContain('--run: expected the folder of a run');
    expect(nothing.err).toContain('--out: expected a file to write');
    const empty = temporaryFolder();
    const out = join(empty, 'report.html');
    const gone = await lab('--run', empty, join(empty, 'gone'), '--out', out);
    expect(gone.code).toBe(2);
    expect(gone.err).toContain('in which no run has begun');
    expect(gone.err).toContain('which is not there');
  });

  test('names the line of a stream that cannot be read, and a damaged packing', async () => {
    const folder = temporaryFolder();
    const [broken, damaged] = [join(folder, 'broken.jsonl'), join(folder, 'damaged.jsonl.gz')];
    writeFileSync(broken, `${streamOf(run(1, 0.5))}{"type":\n{}\n`);
    writeFileSync(damaged, 'no gzip');
    const out = join(folder, 'report.html');
    const first = await lab('--run', broken, '--out', out);
    expect(first.code).toBe(1);
    expect(first.err).toMatch(/broken\.jsonl: line \d+: expected a JSON object/);
    const second = await lab('--run', damaged, '--out', out);
    expect(second.code).toBe(1);
    expect(second.err).toContain('damaged.jsonl.gz: expected events packed by gzip');
  });
});
