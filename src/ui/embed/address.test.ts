import { expect, test } from 'vitest';
import { embedAddress, embedCode, labAddress } from './address';

const PAGE = 'https://example.org/lab/?seed=3&replay=recordings/grpo.jsonl.gz#panel-gate';

test('a view’s address names the panel and the recording, relative to the lab where it lies in it', () => {
  const inside = new URL(embedAddress(PAGE, 'gate', 'https://example.org/lab/recordings/grpo.jsonl.gz'));
  expect(inside.pathname).toBe('/lab/');
  expect([...inside.searchParams]).toEqual([
    ['embed', 'gate'],
    ['replay', 'recordings/grpo.jsonl.gz'],
  ]);
  expect(inside.hash).toBe('');
  const beside = new URL(embedAddress(PAGE, 'gate', 'https://example.org/runs/a b.jsonl'));
  expect(beside.searchParams.get('replay')).toBe('/runs/a%20b.jsonl');
});

test('the whole lab opens the same recording at the same panel', () => {
  const address = embedAddress(PAGE, 'gate', 'https://example.org/lab/recordings/grpo.jsonl.gz');
  expect(labAddress(address, 'gate')).toBe(
    'https://example.org/lab/?replay=recordings%2Fgrpo.jsonl.gz#panel-gate',
  );
});

test('the code is one element that no title breaks out of', () => {
  const code = embedCode('https://example.org/?embed=gate&replay=x', '"><script>', 100.2);
  expect(code).toContain('src="https://example.org/?embed=gate&amp;replay=x"');
  expect(code).toContain('title="&quot;&gt;&lt;script&gt; – MASA Lab"');
  expect(code.match(/</g)).toHaveLength(2);
  expect(code).toContain('height="316"');
  expect(embedCode('x', 'y', 500)).toContain('height="576"');
});
