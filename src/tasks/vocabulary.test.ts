import { describe, expect, test } from 'vitest';
import { Purpose, Stream } from '../run/random';
import { corpusOf } from './corpus';
import { LADDER_VOCABULARY as vocabulary } from './vocabulary';

const { encode, decode } = vocabulary;
const { trace, phase: corpusPhase } = corpusOf('ladder');
/** A completion as it is read after its prompt. */
const read = (prompt: string, completion: string): string =>
  vocabulary.readable(encode(completion), encode(prompt));

test('every word is one token, and the table has room for all', () => {
  expect(vocabulary.tokens).toHaveLength(48);
  expect(new Set(vocabulary.tokens).size).toBe(vocabulary.tokens.length);
  expect(vocabulary.tableSize).toBe(64);
  vocabulary.tokens.forEach((word, id) => {
    expect(encode(word)).toEqual([id]);
  });
  expect(encode('PAD BOS EOS 0 1')).toEqual([vocabulary.pad, vocabulary.bos, vocabulary.eos, 3, 4]);
});

test('encode and decode are inverse, spare rows of the table included', () => {
  const stream = new Stream(1, Purpose.test);
  for (let i = 0; i < 200; i++) {
    const ids = Array.from({ length: 20 }, () => stream.integer(0, vocabulary.tableSize - 1));
    expect(encode(decode(ids))).toEqual(ids);
  }
  expect(decode([])).toBe('');
  expect(encode('  BOS \n 4 ')).toEqual([1, 7]);
});

test('the first unknown word is named', () => {
  expect(() => encode('BOS 4 seven 9x')).toThrow('got "seven"');
  expect(() => encode('?64')).toThrow('got "?64"');
  expect(() => encode('?1')).toThrow('got "?1"');
});

describe('readable', () => {
  test('prompts', () => {
    const of = (text: string): string => vocabulary.readable(encode(text));
    expect(of('BOS 4 7 L0 + 8 L1 * 3 SOL')).toBe('47, then + 8, × 3 = ?');
    expect(of('BOS 0 5 L0 - 8 HINT BORROW SPLIT SOL')).toBe('05, then − 8 (hint: borrow, split) = ?');
    expect(of('BOS META 4 7 L0 + 8 L1 ^ 3 META')).toBe('predict: 47, then + 8, ^ 3');
    expect(of('BOS BOOL T L0 & F L1 X T SOL')).toBe('true, then and false, xor true = ?');
    expect(of('BOS MM 4 L0 MAX 7 L1 + 5 SOL')).toBe('4, then max 7, + 5 = ?');
    expect(of('BOS SORT L0 3 L1 1 L2 4 SOL')).toBe('sort 3 1 4 = ?');
    expect(of('BOS META SORT L0 3 L1 1 L2 4 META')).toBe('predict: sort 3 1 4');
  });

  test('steps of the ladder stand on the value before them', () => {
    expect(read('BOS 4 7 L0 + 8 SOL', 'L0 + 8 CARRY 5 5')).toBe('47 + 8 = 55, carry 1');
    expect(
      read(
        'BOS 4 7 L0 + 8 L1 * 3 L2 - 9 SOL',
        'L0 + 8 CARRY 5 5 L1 * 3 SPLIT 1 5 5 6 5 L2 - 9 BORROW 5 6 ANS 5 6 EOS',
      ),
    ).toBe('47 + 8 = 55, carry 1; 55 × 3 = 65 (split: units 15, tens 5); 65 − 9 = 56, borrow 1; answer 56.');
    expect(read('', 'L0 + 8 CARRY 5 5 L1 * 3 6 5')).toBe('+ 8 = 55, carry 1; 55 × 3 = 65');
  });

  test('a step tried again goes back to the value it began with', () => {
    expect(read('BOS 4 7 L0 + 8 SOL', 'L0 + 8 4 5 WAIT L0 + 8 CARRY 5 5 ANS 5 5 EOS')).toBe(
      '47 + 8 = 45; wait, 47 + 8 = 55, carry 1; answer 55.',
    );
    expect(read('BOS 4 7 L0 + 8 L1 + 2 SOL', 'SKIP L1 + 2 4 1 WAIT L0 + 8 CARRY 5 5 L1 + 2 5 7')).toBe(
      'two steps at once, + 2 = 41; wait, 47 + 8 = 55, carry 1; 55 + 2 = 57',
    );
  });

  test('solutions of the other families', () => {
    expect(read('BOS BOOL T L0 & F SOL', 'L0 & F F ANS F EOS')).toBe('true and false = false; answer false.');
    expect(read('BOS MM 4 L0 MAX 7 L1 + 5 SOL', 'L0 MAX 7 7 L1 + 5 2 ANS 2 EOS')).toBe(
      '4 max 7 = 7; 7 + 5 = 2; answer 2.',
    );
    expect(read('BOS SORT L0 3 L1 1 L2 4 SOL', 'L0 3 3 L1 1 1 3 L2 4 1 3 4 ANS 1 3 4 EOS')).toBe(
      'insert 3: 3; insert 1: 1 3; insert 4: 1 3 4; answer 1 3 4.',
    );
  });

  test('predictions', () => {
    const prompt = 'BOS META 4 7 L0 + 8 META';
    expect(read(prompt, 'NOT CARRY LEN 3 PASS 5')).toBe('notions carry, length about 24-31, passes 5 of 8');
    expect(read(prompt, 'NOT SPLIT WAIT LEN 9 PASS 0 EOS')).toBe(
      'notions split, wait, length 72 or more, passes 0 of 8.',
    );
  });

  test('unfinished and nonsensical text comes out as well as it can', () => {
    const prompt = 'BOS 4 7 L0 + 8 SOL';
    expect(read(prompt, '')).toBe('');
    expect(read(prompt, 'L0')).toBe('47');
    expect(read(prompt, 'L0 +')).toBe('47 +');
    expect(read(prompt, 'L0 + 8 CARRY 5')).toBe('47 + 8 = 5, carry 1');
    expect(read(prompt, 'L0 + 8 CARRY 5 5 WAIT')).toBe('47 + 8 = 55, carry 1; wait');
    expect(read(prompt, 'ANS')).toBe('answer');
    expect(read(prompt, 'L0 * 8 SPLIT T F')).toBe('47 × 8 (split)');
    expect(read('', 'EOS')).toBe('end');
    expect(read('', 'L3 SORT CARRY ?60')).toBe('step 4 sort carry ?60');
  });

  test('no sequence of tokens makes it throw, or write a bare id for a word', () => {
    const stream = new Stream(2, Purpose.test);
    for (let i = 0; i < 3000; i++) {
      const draw = (): number[] =>
        Array.from({ length: stream.integer(0, 20) }, () => stream.integer(0, vocabulary.tokens.length - 1));
      expect(vocabulary.readable(draw(), draw())).not.toMatch(/undefined|NaN|\?\d|[A-Z]/);
    }
  });

  test('no trace of the corpus shows a raw label, marker or capital', () => {
    for (let i = 0; i < 2000; i++) {
      const { prompt, completion } = trace(5, i, corpusPhase(1));
      const text = `${vocabulary.readable(prompt)} ${vocabulary.readable(completion, prompt)}`;
      expect(text).not.toMatch(/[A-Z]|step \d| {2}|undefined|;;|mm |bool/);
      expect(text.endsWith('.')).toBe(true);
    }
  });
});
