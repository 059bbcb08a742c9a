import { Tokenizer } from '@huggingface/tokenizers';
import { describe, expect, it } from 'vitest';
import { readModel } from '../../model/model-file';
import { rowLogits } from '../../model/reference/policy';
import { readSafetensors } from '../../model/safetensors';
import { Purpose, Stream } from '../../run/random';
import { TASKS } from '../../tasks';
import { corpusOf } from '../../tasks/corpus';
import { bytesOf, randomWeights, shippedPolicy, smallPolicy, textOf } from '../testing';
import { referenceWeights } from './expected-logprobs';
import { hfFiles } from './index';

const policy = smallPolicy();
const files = hfFiles(policy);
const json = (name: string) => JSON.parse(textOf(files, name));
const { vocabulary } = policy.task;

describe('the folder', () => {
  it('has the files that transformers looks for, each once', () => {
    expect(files.map(({ name }) => name)).toEqual([
      'config.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'special_tokens_map.json',
      'generation_config.json',
      'model.safetensors',
      'expected_logprobs.json',
      'check_logprobs.py',
      'README.md',
    ]);
  });

  it('says in config.json what LlamaConfig asks for', () => {
    expect(json('config.json')).toMatchObject({
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      hidden_size: 24,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      head_dim: 6,
      tie_word_embeddings: true,
      attention_bias: false,
      bos_token_id: vocabulary.bos,
      eos_token_id: vocabulary.eos,
      pad_token_id: vocabulary.pad,
    });
  });

  it('samples as rollouts are sampled: no filter, the task’s limit', () => {
    expect(json('generation_config.json')).toMatchObject({
      eos_token_id: vocabulary.eos,
      do_sample: true,
      temperature: 1,
      top_k: 0,
      top_p: 1,
      max_new_tokens: 80,
    });
  });

  it('refuses a policy of another vocabulary', () => {
    expect(() => hfFiles(smallPolicy({ vocab_size: 63 }))).toThrow(/expected a policy of 64 tokens.*got 63/);
  });

  it('names settings and origin in the model card, and lets no name break out of it', () => {
    expect(textOf(files, 'README.md')).toMatch(
      /4 of 12 steps of GRPO from `ladder-base`[\s\S]*`learning_rate` \| `0.001`/,
    );
    const hostile = { ...policy, name: '---\nlicense: mine\n# <script>' };
    expect(textOf(hfFiles(hostile), 'README.md')).toContain('\n# ---license mine script\n');
    expect(textOf(hfFiles(hostile), 'README.md')).not.toContain('<script>');
  });
});

describe('model.safetensors', () => {
  it('comes back through our own reader, number for number', () => {
    const read = readModel(textOf(files, 'config.json'), bytesOf(files, 'model.safetensors'));
    expect(read.weights).toEqual(policy.weights);
    expect(read.config).toMatchObject(policy.config);
  });

  it('leaves a tied head out, as transformers does, and keeps an untied one', () => {
    const names = (change: { tie_word_embeddings: boolean }) =>
      readSafetensors(bytesOf(hfFiles(smallPolicy(change)), 'model.safetensors')).tensors;
    expect(names({ tie_word_embeddings: true }).has('lm_head.weight')).toBe(false);
    expect(names({ tie_word_embeddings: false }).get('lm_head.weight')).toMatchObject({
      dtype: 'F32',
      shape: [64, 24],
    });
  });
});

describe('the tokenizer, in Hugging Face’s own JavaScript', () => {
  const tokenizer = new Tokenizer(json('tokenizer.json'), json('tokenizer_config.json'));

  it('reads and writes prompts, right answers and written solutions of 1,000 problems as our vocabulary does', () => {
    let problems = 0;
    for (const task of Object.values(TASKS))
      for (let index = 0; index < 500; index++, problems++) {
        const problem =
          index % 2 === 0
            ? task.trainProblem(7, index, 0)
            : task.suites[index % task.suites.length].problem(7, index);
        for (const ids of [
          problem.prompt,
          [...problem.answer, vocabulary.eos],
          ...(task.meta ? [task.meta.metaPrompt(problem)] : []),
        ]) {
          const text = vocabulary.decode(ids);
          expect(tokenizer.encode(text).ids).toEqual(ids);
          expect(tokenizer.decode(ids)).toBe(text);
        }
      }
    expect(problems).toBe(1000);
    for (let index = 0; index < 1000; index++) {
      const corpus = corpusOf('ladder');
      const { prompt, completion } = corpus.trace(5, index, corpus.phase(index / 1000));
      const text = vocabulary.decode([...prompt, ...completion]);
      expect(tokenizer.encode(text).ids).toEqual([...prompt, ...completion]);
    }
  });

  it('knows every row of the table, the spare ones by the names that decode gives them', () => {
    const stream = new Stream(1, Purpose.rollout, 0, 0);
    const ids = Array.from({ length: 400 }, () => Math.floor(64 * stream.uniform()));
    const every = Array.from({ length: 64 }, (_, id) => id);
    for (const row of [every, ids]) {
      expect(tokenizer.encode(vocabulary.decode(row)).ids).toEqual(row);
      expect(tokenizer.decode(row)).toBe(vocabulary.decode(row));
    }
    expect(tokenizer.get_vocab().size).toBe(64);
  });

  it('takes the special tokens out when asked to, and puts none in', () => {
    const { pad, bos, eos } = vocabulary;
    expect(tokenizer.decode([bos, 7, 8, eos, pad], { skip_special_tokens: true })).toBe(
      vocabulary.decode([7, 8]),
    );
    expect(tokenizer.encode('4 7').ids).toEqual(vocabulary.encode('4 7'));
  });
});

describe('expected_logprobs.json', () => {
  it('holds the float64 reference’s log-probabilities, derived here from its logits', () => {
    const { version, rows } = json('expected_logprobs.json');
    expect(version).toBe(1);
    expect(rows.length).toBeGreaterThan(4);
    const weights = referenceWeights(policy);
    for (const { text, ids, logprobs } of rows) {
      expect(vocabulary.encode(text)).toEqual(ids);
      expect(logprobs.length).toBe(ids.length - 1);
      const [logits] = rowLogits(policy.config, weights, [ids]);
      for (let at = 0; at + 1 < ids.length; at++) {
        const z = logits.subarray(64 * at, 64 * at + 64);
        const sum = z.reduce((total, logit) => total + Math.exp(logit), 0);
        expect(logprobs[at]).toBeCloseTo(z[ids[at + 1]] - Math.log(sum), 10);
      }
    }
  });

  it('is of the weights: other weights, other numbers', () => {
    const other = hfFiles({ ...policy, weights: randomWeights(policy.config, 4) });
    expect(textOf(other, 'expected_logprobs.json')).not.toBe(textOf(files, 'expected_logprobs.json'));
  });

  it('can be written of the shipped models', () => {
    for (const name of ['ladder-base', 'long-tail-base']) {
      const rows = JSON.parse(textOf(hfFiles(shippedPolicy(name)), 'expected_logprobs.json')).rows;
      // Prompts are never trained on, but that EOS follows a two-digit answer is what the base model learned best.
      const answered = rows.filter((row: { ids: number[] }) => row.ids.at(-1) === vocabulary.eos);
      expect(answered.length).toBeGreaterThan(3);
      expect(answered[0].logprobs.at(-1)).toBeGreaterThan(Math.log(0.9));
    }
  });
});
