import { expect, test, vi } from 'vitest';
import { LabClient, type MessageHandlers } from './client';
import type { Command, Message } from './protocol';

class Stand extends EventTarget {
  readonly commands: Command[] = [];
  terminate = vi.fn();
  postMessage(command: Command): void {
    this.commands.push(command);
  }
}

function begin() {
  const worker = new Stand();
  const handlers = {
    state: vi.fn(),
    progress: vi.fn(),
    opened: vi.fn(),
    loaded: vi.fn(),
    events: vi.fn(),
    benchmarks: vi.fn(),
    inspected: vi.fn(),
    checkpoint: vi.fn(),
    policy: vi.fn(),
    runs: vi.fn(),
    race: vi.fn(),
    models: vi.fn(),
    error: vi.fn(),
  } satisfies MessageHandlers;
  const client = new LabClient(handlers, () => worker);
  const say = (data: Message) => worker.dispatchEvent(new MessageEvent('message', { data }));
  return { worker, handlers, client, say };
}

test('each message goes to the handler of its type and to no other', () => {
  const { handlers, say } = begin();
  say({ type: 'state', state: 'ready', step: 4 });
  say({ type: 'events', events: [] });
  expect(handlers.state).toHaveBeenCalledExactlyOnceWith({ type: 'state', state: 'ready', step: 4 });
  expect(handlers.events).toHaveBeenCalledTimes(1);
  expect(handlers.error).not.toHaveBeenCalled();
});

test('commands reach the worker as they are', () => {
  const { worker, client } = begin();
  client.send({ type: 'open', baseUrl: 'http://localhost/' });
  expect(worker.commands).toEqual([{ type: 'open', baseUrl: 'http://localhost/' }]);
});

test('a worker that cannot start is reported with a remedy', () => {
  const { worker, handlers } = begin();
  worker.dispatchEvent(Object.assign(new Event('error'), { message: '', filename: '', lineno: 0 }));
  const { error } = handlers.error.mock.calls[0][0];
  expect(error.code).toBe('internal');
  expect(error.remedy).not.toBe('');
});

test('a closed client neither sends nor hears', () => {
  const { worker, client, handlers, say } = begin();
  client.close();
  client.send({ type: 'run' });
  say({ type: 'state', state: 'ready', step: 0 });
  expect(worker.terminate).toHaveBeenCalled();
  expect(worker.commands).toEqual([]);
  expect(handlers.state).not.toHaveBeenCalled();
});
