import { describe, expect, test } from 'vitest';
import { DEFAULT_MANIFEST } from '../../run/manifest';
import { LADDER } from '../../tasks/ladder';
import { recordedTask } from '../../tasks/text/recorded';
import { runStarted } from './run-fixture';
import { reduceEvents } from './run-view';
import { shownTask } from './selectors';
import { settingsOf } from './settings';
import { createPageStore } from './store';
import { answerText, tokenText, unbrokenTerms } from './wording';

const vocabulary = { tokens: ['</s>', 'Answer', ': ', '\n', ' ', '5', '.\n'], separator: '', ends: [0] };

test('a prompt breaks between its terms, never inside of one', () => {
  expect(unbrokenTerms('63, then − 6, × 7, ^ 2 = ?')).toBe('63, then −\u00a06, ×\u00a07, ^\u00a02 =\u00a0?');
  expect(unbrokenTerms('true and false or true')).toBe('true and false or true');
});

describe('tokens', () => {
  const texts = recordedTask(LADDER, vocabulary);

  test('of a model of texts are seen where they stand alone, lines and spaces too', () => {
    expect([0, 1, 2, 3, 4, 6].map((id) => tokenText(texts, id))).toEqual([
      '</s>',
      'Answer',
      ': ',
      '↵',
      '␣',
      '.↵',
    ]);
    expect(tokenText(texts, 99)).toBe('?99');
    expect(answerText(texts, [5, 5])).toBe('55');
  });

  test('of the task itself are written as a person would', () => {
    expect(tokenText(LADDER, LADDER.vocabulary.encode('*')[0])).toBe('×');
    expect(answerText(LADDER, LADDER.vocabulary.encode('5 5'))).toBe('55');
  });
});

test('a run that says what its tokens are is shown in them, any other in the task’s own', () => {
  const store = createPageStore(settingsOf(DEFAULT_MANIFEST));
  expect(shownTask(store.getState())).toBe(LADDER);
  const show = (event: ReturnType<typeof runStarted>) =>
    store.setState((page) => ({ run: reduceEvents(page.run, [event]) }));
  show(runStarted());
  expect(shownTask(store.getState())).toBe(LADDER);
  show({ ...runStarted(), vocabulary });
  const task = shownTask(store.getState());
  expect(task.vocabulary.readable([1, 2, 5, 0])).toBe('Answer: 5');
  // Panels compare what they select by identity.
  expect(shownTask(store.getState())).toBe(task);
});
