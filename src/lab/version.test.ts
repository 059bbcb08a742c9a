import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { LAB_VERSION } from './version';

it('is the version of the package', () => {
  expect(LAB_VERSION).toBe(JSON.parse(readFileSync('package.json', 'utf8')).version);
});
