import { expect, it } from 'vitest';
import type { Command } from './protocol';
import { keepingWhatIsSaid, type WorkerLike } from './trainer-worker';

const OPEN: Command = { type: 'open', baseUrl: 'http://localhost/' };

function thread() {
  const target = new EventTarget();
  const commands: Command[] = [];
  const worker: WorkerLike = {
    postMessage: (command: Command) => commands.push(command),
    terminate: () => {},
    addEventListener: target.addEventListener.bind(target),
  };
  return {
    worker,
    commands,
    says: (data: string) => target.dispatchEvent(new MessageEvent('message', { data })),
  };
}

it('keeps what a thread says until somebody listens, in order, and nothing twice', async () => {
  const { worker, says } = thread();
  const early = keepingWhatIsSaid(worker, OPEN);
  says('one');
  says('two');
  const heard: string[] = [];
  early.addEventListener('message', ({ data }: MessageEvent) => heard.push(data));
  // Not before whoever listens is made.
  expect(heard).toEqual([]);
  await Promise.resolve();
  says('three');
  expect(heard).toEqual(['one', 'two', 'three']);
});

it('keeps an error of a thread that did not start for whoever can tell of it', async () => {
  const target = new EventTarget();
  const early = keepingWhatIsSaid(
    { postMessage: () => {}, terminate: () => {}, addEventListener: target.addEventListener.bind(target) },
    OPEN,
  );
  target.dispatchEvent(new Event('error'));
  let errors = 0;
  early.addEventListener('message', () => expect.unreachable());
  early.addEventListener('error', () => errors++);
  await Promise.resolve();
  expect(errors).toBe(1);
});

it('opens the device once, however often it is told to at the start', () => {
  const { worker, commands } = thread();
  const early = keepingWhatIsSaid(worker, OPEN);
  early.postMessage(OPEN);
  early.postMessage({ type: 'run' });
  expect(commands).toEqual([OPEN, { type: 'run' }]);
});
