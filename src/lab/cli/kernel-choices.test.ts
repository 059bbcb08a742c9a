import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { choosingMs, fileChoices } from './kernel-choices';

describe('kernel choices of the command line', () => {
  it('are kept by adapter, and measured again where the file is damaged', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'masa-lab-choices-'));
    const path = join(folder, 'kernel-choices.json');
    try {
      const store = fileChoices(path);
      expect(await store.recall('one')).toBeNull();
      await store.keep('one', '[["forward 8x8","vec4"]]');
      await store.keep('other', '[]');
      expect(await store.recall('one')).toBe('[["forward 8x8","vec4"]]');
      writeFileSync(path, '{"one": ');
      expect(await store.recall('one')).toBeNull();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('take seconds before many steps, and no longer than on the page before few', () => {
    expect(choosingMs(2)).toBeUndefined();
    expect(choosingMs(49)).toBeUndefined();
    expect(choosingMs(50)).toBeGreaterThanOrEqual(10_000);
  });
});
