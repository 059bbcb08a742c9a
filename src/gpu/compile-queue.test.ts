import { expect, it } from 'vitest';
import { CompileQueue, isNeededBy, type Urgency } from './compile-queue';

/** A queue whose work is named, begins in the order of `begun`, and ends when it is told to. */
function queueOf(most: number) {
  const queue = new CompileQueue(most);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const enter = (name: string, urgency: Urgency = 'first', until?: Promise<unknown>) =>
    queue.enter(
      () => {
        begun.push(name);
        return new Promise<void>((end) => ends.set(name, end));
      },
      urgency,
      until,
    );
  const end = async (name: string) => {
    ends.get(name)!();
    await settled();
  };
  return { queue, begun, enter, end };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

it('begins as much as it may at a time, in the order in which it was asked', async () => {
  const { begun, enter, end } = queueOf(2);
  for (const name of ['a', 'b', 'c', 'd']) enter(name);
  await settled();
  expect(begun).toEqual(['a', 'b']);
  await end('b');
  expect(begun).toEqual(['a', 'b', 'c']);
});

it('puts what is needed first before all that was asked for in the same breath', async () => {
  const { begun, enter, end } = queueOf(1);
  enter('later', 'later');
  enter('next', 'next');
  enter('first', 'first');
  await settled();
  expect(begun).toEqual(['first']);
  await end('first');
  await end('next');
  expect(begun).toEqual(['first', 'next', 'later']);
});

it('goes on after work that failed, which its asker hears of', async () => {
  const { queue, begun, enter } = queueOf(1);
  const { done } = queue.enter(() => Promise.reject(new Error('refused')), 'first');
  enter('after');
  await expect(done).rejects.toThrow('refused');
  await settled();
  expect(begun).toEqual(['after']);
});

it('holds back what is held until then, and takes up no turn with it', async () => {
  let free = () => {};
  const until = new Promise<void>((resolve) => {
    free = resolve;
  });
  const { begun, enter, end } = queueOf(1);
  enter('held', 'later', until);
  enter('other', 'later');
  await settled();
  expect(begun).toEqual(['other']);
  await end('other');
  expect(begun).toEqual(['other']);
  free();
  await settled();
  expect(begun).toEqual(['other', 'held']);
});

it('begins what is held when somebody waits for it, and sooner when it is needed sooner', async () => {
  const never = new Promise(() => {});
  const { begun, enter, end } = queueOf(1);
  enter('now');
  enter('other', 'next');
  const held = enter('held', 'later', never);
  const awaited = enter('awaited', 'later', never);
  enter('forgotten', 'later', never);
  awaited.hurry('later');
  held.hurry('first');
  await settled();
  for (const name of ['now', 'held', 'other', 'awaited']) await end(name);
  expect(begun).toEqual(['now', 'held', 'other', 'awaited']);
});

it('knows what is needed by when', () => {
  expect(isNeededBy('first', 'next')).toBe(true);
  expect(isNeededBy('next', 'next')).toBe(true);
  expect(isNeededBy('later', 'next')).toBe(false);
});
