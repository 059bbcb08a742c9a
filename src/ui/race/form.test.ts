import { describe, expect, test } from 'vitest';
import { planRace } from '../../lab/race/setup';
import { FIRST_FORM, formFromQuery, MATCHUPS, raceQuery, raceText } from './form';

test.each(MATCHUPS)('the matchup “$label” is a race', ({ form }) => {
  const setup = planRace(raceText(form));
  expect(setup.arms).toHaveLength(form.arms.length);
  expect(setup.arms.every(({ manifest }) => manifest.steps === 60)).toBe(true);
});

test.each(MATCHUPS)('a link to “$label” opens the same race', ({ form }) => {
  const read = formFromQuery(raceQuery(form));
  expect(read).toEqual({ form, issues: [] });
});

describe('a link', () => {
  test('without a race is none, with an empty one it is the first', () => {
    expect(formFromQuery('?seed=3')).toBeNull();
    expect(formFromQuery('?race=')?.form.arms).toEqual(FIRST_FORM.arms);
  });

  test('has settings of all arms beside the arms, as any link of the lab; what is wrong is named', () => {
    const read = formFromQuery(
      '?v=1&race=grpo,loose=masa-efficient:masa_cutoff_multiple=3&seeds=2&steps=5&beta=0.1&x=1&pace=fast',
    );
    expect(read?.issues.map(({ key }) => key)).toEqual(['pace', 'x']);
    expect(read?.form).toMatchObject({ seeds: '2', steps: '5', others: 'beta=0.1', pace: 'steps' });
    const { arms } = planRace({ ...raceText(read!.form) });
    expect(arms.map(({ name }) => name)).toEqual(['grpo', 'loose']);
    expect(arms[1].manifest).toMatchObject({ masa_cutoff_multiple: 3, beta: 0.1, steps: 5 });
  });

  test('an arm that is varied goes by its preset’s name while no other does', () => {
    const varied = { id: 1, preset: 'masa-adapter', name: '', settings: 'masa_gate_threshold=0.5' };
    const form = { ...FIRST_FORM, arms: [FIRST_FORM.arms[0], varied] };
    expect(planRace(raceText(form)).arms[1].name).toBe('masa-adapter');
    expect(formFromQuery(raceQuery(form))).toEqual({ form, issues: [] });
    const two = { ...form, arms: [{ ...varied, id: 0, settings: '' }, varied] };
    expect(planRace(raceText(two)).arms[1].name).toBe('masa-adapter+masa_gate_threshold=0.5');
  });

  test('a setting without a value is for the engine to name', () => {
    const form = { ...FIRST_FORM, others: 'beta' };
    expect(() => planRace(raceText(form))).toThrow(/beta: expected a number/);
  });
});
