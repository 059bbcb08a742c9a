import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_MANIFEST,
  describeKnob,
  KNOBS,
  type Knob,
  MANIFEST_VERSION,
  type Manifest,
  ManifestError,
  type ManifestIssue,
  manifestDifference,
  manifestSchema,
  parseKnobText,
  parseManifest,
  SECTIONS,
} from './manifest';
import { manifestFromQuery, manifestToQuery } from './manifest-query';

function issuesOf(value: unknown): ManifestIssue[] {
  try {
    parseManifest(value);
  } catch (error) {
    if (error instanceof ManifestError) return error.issues;
    throw error;
  }
  return [];
}

/** Any value a knob takes. Zero without a sign: text does not carry one and no setting means anything by it. */
function anyValueOf(k: Knob): fc.Arbitrary<unknown> {
  if (k.kind === 'choice') return fc.constantFrom(...(k.choices ?? []));
  if (k.kind === 'boolean') return fc.boolean();
  if (k.kind === 'integer') return fc.integer({ min: k.minimum, max: k.maximum });
  if (k.kind === 'number')
    return fc
      .double({ min: k.minimum, minExcluded: k.minimumExcluded, max: k.maximum, noNaN: true })
      .map((value) => value + 0);
  if (k.key === 'model') return fc.stringMatching(/^[\w./-]{1,200}$/);
  return fc.string({ unit: 'binary', maxLength: 40 });
}

const anyManifest: fc.Arbitrary<Manifest> = fc
  .record(Object.fromEntries(KNOBS.map((k) => [k.key, anyValueOf(k)])))
  .map((settings) => settings as unknown as Manifest)
  .map((m) => ({
    ...m,
    overlong_buffer: Math.min(m.overlong_buffer, m.max_completion_length),
    dynamic_sampling: m.dynamic_sampling && !m.masa_gate && !m.masa_cutoff && m.masa_hint_share === 0,
  }))
  .map((m) => ({
    ...m,
    manifest_version: 1 as const,
    warmup_steps: m.warmup_steps < m.steps ? m.warmup_steps : 0,
  }))
  .map((m) => ({
    ...m,
    // Something is sampled, but where nothing needs it to be.
    masa_num_generations:
      m.masa_meta === 'off' ? m.masa_num_generations : Math.max(1, m.masa_num_generations),
    meta_adapter: m.masa_meta === 'off' ? ('none' as const) : m.meta_adapter,
  }))
  // What asks for predictions that are not there, or for a gate that cannot be, is no manifest.
  .map((m) => ({
    ...m,
    masa_gate:
      m.masa_gate &&
      (m.masa_meta !== 'off' || m.masa_gate_rule === 'classifier') &&
      m.masa_gate_min_prompts <= m.prompts_per_step &&
      m.masa_gate_low < m.masa_gate_high,
    masa_cutoff: m.masa_cutoff && m.masa_meta !== 'off',
    masa_hint_share: m.masa_meta === 'off' ? 0 : m.masa_hint_share,
    masa_experts: false,
  }));

describe('parseManifest', () => {
  test('an empty object is the default run', () => {
    expect(parseManifest({})).toEqual(DEFAULT_MANIFEST);
    expect(DEFAULT_MANIFEST).toMatchObject({ manifest_version: 1, num_generations: 16, learning_rate: 2e-4 });
  });

  test('what it returns it accepts again, unchanged', () => {
    fc.assert(
      fc.property(anyManifest, (m) => {
        expect(parseManifest(parseManifest(m))).toEqual(m);
      }),
    );
  });

  test('every unknown key is named, and a key spelled otherwise is suggested', () => {
    expect(issuesOf({ numGenerations: 8, 'Learning-Rate': 1, banana: 1 })).toEqual([
      { key: 'numGenerations', message: 'unknown key; did you mean num_generations?' },
      { key: 'Learning-Rate', message: 'unknown key; did you mean learning_rate?' },
      { key: 'banana', message: 'unknown key' },
    ]);
  });

  test.each([
    ['steps', 'ten', 'expected a whole number from 1 to 1000000, got "ten"'],
    ['steps', 0, 'expected a whole number from 1 to 1000000, got 0'],
    ['steps', 1.5, 'expected a whole number from 1 to 1000000, got 1.5'],
    ['steps', null, 'expected a whole number from 1 to 1000000, got null'],
    ['seed', 2 ** 32, 'expected a whole number from 0 to 4294967295, got 4294967296'],
    ['beta', Number.NaN, 'expected a number from 0 to 10, got NaN'],
    ['temperature', [1], 'expected a number from 0.05 to 5, got [1]'],
    ['learning_rate', 0, 'expected a number above 0 and at most 1, got 0'],
    ['loss_type', 'ppo', 'expected one of grpo, bnpo, dr_grpo, dapo, got "ppo"'],
    ['eval_out_of_domain', 1, 'expected true or false, got 1'],
    ['model', 'a model', 'expected a model name: letters, digits, and . _ / -, got "a model"'],
    ['model', 7, 'expected text of at most 200 characters, got 7'],
    ['name', 'x'.repeat(81), `expected text of at most 80 characters, got "${'x'.repeat(81)}"`],
    ['manifest_version', 2, 'expected 1, the version this lab reads, got 2'],
  ])('%s = %j is refused with what was expected and what was there', (key, value, message) => {
    expect(issuesOf({ [key]: value })).toEqual([{ key, message }]);
  });

  test('all wrong keys are reported at once', () => {
    const issues = issuesOf({ steps: -1, epsilon: 2, nope: 0 });
    expect(issues.map((issue) => issue.key).sort()).toEqual(['epsilon', 'nope', 'steps']);
  });

  test.each([null, 3, 'grpo', [], undefined])('%j is no manifest at all', (value) => {
    const [issue] = issuesOf(value);
    expect(issue.key).toBe('(manifest)');
    expect(issue.message).toMatch(/^expected an object of settings, got /);
  });

  test('a warm-up as long as the run is refused', () => {
    expect(issuesOf({ warmup_steps: 20, steps: 20 })).toEqual([
      { key: 'warmup_steps', message: 'expected fewer than steps (20), got 20' },
    ]);
    expect(issuesOf({ warmup_steps: 19, steps: 20 })).toEqual([]);
  });

  test('gate, cutoff and hints want predictions to go by, a classifier’s gate none', () => {
    const wanted = 'expected masa_meta to be observe or train';
    expect(issuesOf({ masa_gate: true, masa_cutoff: true, masa_hint_share: 0.5 })).toEqual([
      { key: 'masa_gate', message: `${wanted} (or masa_gate_rule to be classifier), got off` },
      { key: 'masa_cutoff', message: `${wanted}, got off` },
      { key: 'masa_hint_share', message: `${wanted}, got off` },
    ]);
    expect(issuesOf({ masa_gate: true, masa_gate_rule: 'classifier' })).toEqual([]);
    const observed = { masa_meta: 'observe', masa_gate: true, masa_cutoff: true, masa_hint_share: 0.5 };
    expect(issuesOf(observed)).toEqual([]);
  });

  test('experts want predictions that are trained in shared weights, an adapter predictions at all', () => {
    expect(issuesOf({ masa_experts: true })).toEqual([
      { key: 'masa_experts', message: 'expected masa_meta to be train, got off' },
    ]);
    const trained = { masa_meta: 'train', masa_experts: true };
    expect(issuesOf(trained)).toEqual([]);
    expect(issuesOf({ ...trained, meta_adapter: 'lora' }).map((issue) => issue.key)).toEqual([
      'masa_experts',
    ]);
    expect(issuesOf({ ...trained, masa_expert_trigger: 'brier' }).map((issue) => issue.key)).toEqual([
      'masa_expert_trigger',
    ]);
    expect(issuesOf({ meta_adapter: 'lora' })).toEqual([
      { key: 'meta_adapter', message: 'expected masa_meta to be observe or train, got off' },
    ]);
  });

  test('what reads samples wants some; what reads probabilities does without', () => {
    const unsampled = { masa_meta: 'observe', masa_num_generations: 0 };
    expect(
      issuesOf({ ...unsampled, masa_gate: true, masa_gate_rule: 'calibrated', masa_cutoff: true }),
    ).toEqual([]);
    expect(issuesOf({ ...unsampled, masa_gate: true, masa_hint_share: 0.5 })).toEqual([
      {
        key: 'masa_gate',
        message: 'expected masa_num_generations of at least 1 (or masa_gate_rule to be calibrated), got 0',
      },
      { key: 'masa_hint_share', message: 'expected masa_num_generations of at least 1, got 0' },
    ]);
    expect(issuesOf({ masa_meta: 'train', masa_num_generations: 0 }).map((issue) => issue.key)).toEqual([
      'masa_meta',
    ]);
  });

  test('a gate whose floor is above the step, or whose band is empty, is refused; without a gate they do not matter', () => {
    const gate = { masa_meta: 'train', prompts_per_step: 4, masa_gate_low: 0.9 };
    expect(issuesOf({ ...gate, masa_gate: true })).toEqual([
      {
        key: 'masa_gate',
        message: 'expected masa_gate_min_prompts to be at most prompts_per_step (4), got 5',
      },
      { key: 'masa_gate', message: 'expected masa_gate_low to be below masa_gate_high (0.9), got 0.9' },
    ]);
    expect(issuesOf(gate)).toEqual([]);
  });

  test('the error’s own message lists the keys', () => {
    expect(() => parseManifest({ steps: 0, nope: 1 })).toThrow(
      /^manifest: steps: expected .*; nope: unknown key$/,
    );
  });
});

describe('KNOBS', () => {
  test('cover every key of the manifest but its version, in its order', () => {
    const keys = Object.keys(manifestSchema.shape).filter((key) => key !== 'manifest_version');
    expect(KNOBS.map((k) => k.key)).toEqual(keys);
  });

  test('carry the schema’s defaults', () => {
    for (const k of KNOBS) expect(k.default).toBe(DEFAULT_MANIFEST[k.key]);
  });

  test('have a known section, a label and a sentence of help', () => {
    for (const k of KNOBS) {
      expect(SECTIONS).toContain(k.section);
      expect(k.label.length).toBeGreaterThan(2);
      expect(k.help).toMatch(/\.$/);
    }
  });

  test('bound every number, and the bounds are those of the schema', () => {
    for (const k of KNOBS.filter((each) => each.kind === 'integer' || each.kind === 'number')) {
      const { minimum, maximum } = k as { minimum: number; maximum: number };
      expect(minimum).toBeLessThan(maximum);
      // Room for a warm-up of any length, and predictions for the hints.
      const rest = {
        ...(k.key === 'warmup_steps' && { steps: 1_000_000 }),
        ...(k.key === 'overlong_buffer' && { max_completion_length: 4096 }),
        ...(k.key === 'masa_hint_share' && { masa_meta: 'observe' }),
      };
      expect(issuesOf({ ...rest, [k.key]: maximum })).toEqual([]);
      expect(issuesOf({ ...rest, [k.key]: minimum })).toHaveLength(k.minimumExcluded ? 1 : 0);
      expect(issuesOf({ ...rest, [k.key]: minimum - 1 })).toHaveLength(1);
      expect(issuesOf({ ...rest, [k.key]: maximum + 1 })).toHaveLength(1);
    }
  });

  test('say in words what they take', () => {
    const words = (key: string) => describeKnob(KNOBS.find((k) => k.key === key)!);
    expect(words('num_generations')).toBe('a whole number from 2 to 256');
    expect(words('adam_epsilon')).toBe('a number above 0 and at most 1');
    expect(words('scale_rewards')).toBe('one of group, batch, none');
  });
});

describe('parseKnobText', () => {
  test('reads a value by the kind of its knob', () => {
    expect(parseKnobText('steps', '12')).toBe(12);
    expect(parseKnobText('learning_rate', '2e-4')).toBe(2e-4);
    expect(parseKnobText('mask_truncated_completions', 'true')).toBe(true);
    expect(parseKnobText('loss_type', 'grpo')).toBe('grpo');
    expect(parseKnobText('name', '12')).toBe('12');
  });

  test.each([
    ['steps', '', 'steps: expected a whole number from 1 to 1000000, got ""'],
    ['steps', '12x', 'got "12x"'],
    ['beta', 'Infinity', 'beta: expected a number from 0 to 10, got "Infinity"'],
    ['eval_out_of_domain', 'yes', 'expected true or false, got "yes"'],
    ['Steps', '1', 'Steps: unknown key; did you mean steps?'],
    ['manifest_version', '1', 'manifest_version: unknown key'],
  ])('%s=%s is refused', (key, text, message) => {
    expect(() => parseKnobText(key, text)).toThrow(message);
  });
});

describe('the query string', () => {
  test('any manifest comes back from its query as it was', () => {
    fc.assert(
      fc.property(anyManifest, (m) => {
        expect(manifestFromQuery(manifestToQuery(m))).toEqual({ manifest: m, issues: [] });
      }),
    );
  });

  test('the order of its keys does not matter', () => {
    // Read one by one against the defaults, a warm-up of 150 was refused before steps=200 had been seen.
    for (const query of ['warmup_steps=150&steps=200', 'steps=200&warmup_steps=150']) {
      const { manifest, issues } = manifestFromQuery(query);
      expect(issues).toEqual([]);
      expect(manifest).toMatchObject({ steps: 200, warmup_steps: 150 });
    }
  });

  test('holds its version, the seed, and only what differs', () => {
    expect(manifestToQuery(DEFAULT_MANIFEST)).toBe(`v=${MANIFEST_VERSION}&seed=0`);
    expect(manifestToQuery({ ...DEFAULT_MANIFEST, seed: 7, beta: 0.04 })).toBe('v=1&seed=7&beta=0.04');
    expect(manifestDifference({ ...DEFAULT_MANIFEST, beta: 0.04 })).toEqual({ beta: 0.04 });
  });

  test('bad keys and values are reported and ignored, the rest holds', () => {
    const { manifest, issues } = manifestFromQuery('v=9&banana=1&steps=0&beta=x&epsilon=0.1&seed=3');
    expect(manifest).toEqual({ ...DEFAULT_MANIFEST, epsilon: 0.1, seed: 3 });
    expect(issues.map((issue) => issue.key).sort()).toEqual(['banana', 'beta', 'steps', 'v']);
  });

  test('a rule between two keys that is broken drops the key it names', () => {
    const { manifest, issues } = manifestFromQuery('warmup_steps=500&seed=3');
    expect(manifest).toEqual({ ...DEFAULT_MANIFEST, seed: 3 });
    expect(issues).toEqual([{ key: 'warmup_steps', message: 'expected fewer than steps (100), got 500' }]);
  });

  test('a gate that a link leaves impossible is reported and left out', () => {
    // The keys that clash may both be the defaults: what is dropped is the switch, which never is.
    const { manifest, issues } = manifestFromQuery('masa_meta=train&masa_gate=true&prompts_per_step=4');
    expect(manifest).toEqual({ ...DEFAULT_MANIFEST, masa_meta: 'train', prompts_per_step: 4 });
    expect(issues.map((issue) => issue.key)).toEqual(['masa_gate']);
  });

  test('the page’s own parameters are passed over', () => {
    expect(manifestFromQuery('panel=charts&seed=1', ['panel']).issues).toEqual([]);
  });

  test('no text whatever makes it throw', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.oneof(fc.constantFrom(...KNOBS.map((k) => k.key as string)), fc.string()), fc.string()),
        ),
        (pairs) => {
          const { manifest } = manifestFromQuery(new URLSearchParams(pairs).toString());
          expect(parseManifest(manifest)).toEqual(manifest);
        },
      ),
    );
  });
});
