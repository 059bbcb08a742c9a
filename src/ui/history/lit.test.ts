import { expect, test } from 'vitest';
import { lightPrompt, litStore, unlightPrompt } from './lit';

const lit = () => litStore.getState().lit;

test('a prompt is lit by step and candidate, until it is left', () => {
  lightPrompt({ step: 2, candidate: 5 });
  expect(lit()).toEqual({ step: 2, candidate: 5 });
  unlightPrompt({ step: 2, candidate: 5 });
  expect(lit()).toBeNull();
});

test('leaving one prompt after reaching the next does not put out the next', () => {
  lightPrompt({ step: 2, candidate: 5 });
  lightPrompt({ step: 2, candidate: 6 });
  unlightPrompt({ step: 2, candidate: 5 });
  expect(lit()).toEqual({ step: 2, candidate: 6 });
  unlightPrompt({ step: 2, candidate: 6 });
});

test('lighting what is lit already wakes nobody', () => {
  lightPrompt({ step: 0, candidate: 0 });
  let woken = 0;
  const unsubscribe = litStore.subscribe(() => woken++);
  lightPrompt({ step: 0, candidate: 0 });
  expect(woken).toBe(0);
  unsubscribe();
  unlightPrompt({ step: 0, candidate: 0 });
});
