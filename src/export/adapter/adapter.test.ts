import { describe, expect, it } from 'vitest';
import { readAdapter } from '../../model/adapter-file';
import { initialAdapter } from '../../model/adapter-layout';
import { mergeAdapter } from '../../model/adapter-merge';
import { logSoftmaxGather } from '../../model/reference/log-softmax';
import { rowLogits } from '../../model/reference/policy';
import { generator } from '../../model/reference/testing';
import { FULL } from '../../model/testing-adapter';
import { referenceWeights } from '../hf/expected-logprobs';
import { bytesOf, smallPolicy, textOf } from '../testing';
import { adapterFiles } from './index';

/** A small policy with an adapter that has learned something, if nonsense. */
function adapted() {
  const policy = smallPolicy();
  const tensors = initialAdapter(policy.config, FULL, generator(1));
  const random = generator(2);
  for (const values of tensors.values()) for (let i = 0; i < values.length; i++) values[i] += 0.1 * random();
  return { ...policy, adapter: { spec: FULL, tensors } };
}

describe('the export of a meta adapter', () => {
  it('is read back as the adapter it was made of', () => {
    const policy = adapted();
    const files = adapterFiles(policy);
    expect(files.map(({ name }) => name)).toEqual([
      'adapter_config.json',
      'adapter_model.safetensors',
      'expected_logprobs.json',
      'check_adapter.py',
      'README.md',
    ]);
    const read = readAdapter(
      policy.config,
      policy.weights,
      textOf(files, 'adapter_config.json'),
      bytesOf(files, 'adapter_model.safetensors'),
    );
    expect(read.spec).toEqual(FULL);
    const [a, b] = [read, policy.adapter].map((each) => mergeAdapter(policy.config, policy.weights, each));
    for (const [name, values] of b)
      values.forEach((value, i) => {
        expect(Math.abs(a.get(name)![i] - value)).toBeLessThan(1e-6);
      });
  });

  it('expects the log-probabilities of the merged weights, which are not the policy’s own', () => {
    const policy = adapted();
    const { rows } = JSON.parse(textOf(adapterFiles(policy), 'expected_logprobs.json'));
    const weights = mergeAdapter(policy.config, policy.weights, policy.adapter);
    const own: number[] = [];
    for (const { text, ids, logprobs } of rows) {
      expect(policy.task.vocabulary.encode(text)).toEqual(ids);
      const logp = (of: typeof weights) => {
        const [logits] = rowLogits(policy.config, referenceWeights({ weights: of }), [ids]);
        return logSoftmaxGather(logits.slice(0, (ids.length - 1) * 64), ids.slice(1), 64).logp;
      };
      logp(weights).forEach((value, i) => {
        expect(Math.abs(value - logprobs[i])).toBeLessThan(1e-9);
      });
      own.push(...logp(policy.weights).map((value, i) => Math.abs(value - logprobs[i])));
    }
    expect(Math.max(...own)).toBeGreaterThan(0.1);
  });

  it('is refused by name where there is no adapter', () => {
    expect(() => adapterFiles(smallPolicy())).toThrow(
      'adapter: expected a run with meta_adapter=lora, got one without an adapter; export the policy itself',
    );
  });
});
