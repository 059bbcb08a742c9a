import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { listenForInterrupt, SAME_KEY_PRESS } from './interrupt';
import { ListeningConsole } from './testing';

function listening() {
  const signals = new EventEmitter();
  const console = new ListeningConsole();
  const done: (string | number)[] = [];
  let time = 1000;
  const interrupt = listenForInterrupt(console, {
    signals,
    now: () => time,
    exit: (code) => done.push(code),
    beforeExit: () => done.push('before'),
  });
  return { signals, console, done, interrupt, wait: (ms: number) => (time += ms) };
}

test('the first Ctrl-C asks for a clean stop and says so', () => {
  const { signals, console, done, interrupt } = listening();
  expect(interrupt.signal.aborted).toBe(false);
  signals.emit('SIGINT');
  expect(interrupt.signal.aborted).toBe(true);
  expect(console.stderr).toContain('Ctrl-C again to end at once');
  expect(done).toEqual([]);
});

test('the second ends at once with 130', () => {
  const { signals, done, wait } = listening();
  signals.emit('SIGINT');
  wait(SAME_KEY_PRESS);
  signals.emit('SIGINT');
  expect(done).toEqual(['before', 130]);
});

test('one key press that npm passes on a second time counts once', () => {
  const { signals, done, wait } = listening();
  signals.emit('SIGINT');
  wait(5);
  signals.emit('SIGINT');
  expect(done).toEqual([]);
  wait(SAME_KEY_PRESS);
  signals.emit('SIGTERM');
  expect(done).toEqual(['before', 130]);
});

test('afterwards the signals are the system’s again', () => {
  const { signals, interrupt } = listening();
  expect(signals.listenerCount('SIGINT')).toBe(1);
  interrupt.dispose();
  expect(signals.listenerCount('SIGINT') + signals.listenerCount('SIGTERM')).toBe(0);
});
