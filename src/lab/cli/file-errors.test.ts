import { expect, test } from 'vitest';
import { errorCode, FileError, withFile } from './file-errors';

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: refused`), { code });
}

test.each([
  ['ENOSPC', 'could not write /run/events.jsonl: the disk is full; free some space (ENOSPC)'],
  ['EACCES', 'permission denied'],
  ['EROFS', 'the file system is read-only'],
  ['ENOTDIR', 'a part of the path is a file'],
  ['EWEIRD', 'could not write /run/events.jsonl: the system refused (EWEIRD)'],
])('%s is explained with the file', (code, text) => {
  const work = () =>
    withFile('write', '/run/events.jsonl', () => {
      throw systemError(code);
    });
  expect(work).toThrow(FileError);
  expect(work).toThrow(text);
});

test('errors of another kind, and those explained already, pass through', () => {
  const inner = new FileError('read', '/a', 'ENOENT');
  for (const error of [new TypeError('mine'), inner])
    expect(() =>
      withFile('write', '/b', () => {
        throw error;
      }),
    ).toThrow(error);
  expect(errorCode(Object.assign(new Error(), { code: 42 }))).toBeNull();
  expect(errorCode('ENOENT')).toBeNull();
});
