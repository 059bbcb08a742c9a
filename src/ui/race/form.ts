/**
 * The form in which a race is set up, as text like what `lab compare` takes, and as a link: `?race=ARMS&seeds=N`, with
 * the settings of all arms beside it as in any link of the lab. Pure.
 */
import type { Pace, RaceText } from '../../lab/race/setup';
import { PACES } from '../../lab/race/setup';
import { KNOBS, MANIFEST_VERSION, type ManifestIssue, type ManifestKey } from '../../run/manifest';

export interface ArmForm {
  /** Where it stands in the list, for as long as it does. */
  id: number;
  preset: string;
  /** Empty for the preset's own, with what it changes. */
  name: string;
  /** `key=value key=value`. */
  settings: string;
}

export interface RaceForm {
  arms: readonly ArmForm[];
  seeds: string;
  pace: Pace;
  steps: string;
  evalSteps: string;
  evalProblems: string;
  evalSamples: string;
  /** Of all arms: `key=value key=value`. */
  others: string;
}

/** The page's own parameters beside the manifest's. */
export const RACE_KEY = 'race';
export const RACE_KEYS: readonly string[] = [RACE_KEY, 'seeds', 'pace'];

/** Fields of the form that are settings of all arms. */
const FIELDS = {
  steps: 'steps',
  evalSteps: 'eval_steps',
  evalProblems: 'eval_problems',
  evalSamples: 'eval_samples',
} as const satisfies Partial<Record<keyof RaceForm, ManifestKey>>;
type Field = keyof typeof FIELDS;

/** Small enough for a first answer within minutes, large enough for one to be seen. */
const SMALL = {
  seeds: '3',
  pace: 'steps',
  steps: '60',
  evalSteps: '10',
  evalProblems: '64',
  evalSamples: '4',
} as const;

export interface Matchup {
  label: string;
  summary: string;
  form: RaceForm;
}

const armsOf = (...arms: [preset: string, name?: string, settings?: string][]): ArmForm[] =>
  arms.map(([preset, name = '', settings = ''], id) => ({ id, preset, name, settings }));

export const MATCHUPS: readonly Matchup[] = [
  {
    label: 'GRPO and MASA in an adapter',
    summary:
      'On the long tail, where most prompts teach nothing: the policy learns to foresee them in an adapter of its own and skips them.',
    form: { ...SMALL, arms: armsOf(['long-tail', 'grpo'], ['masa-adapter']), others: 'eval_mid_hard=true' },
  },
  {
    label: 'GRPO and MASA-efficient',
    summary:
      'The paper’s own arm: experts are cloned into the policy itself, prompts gated and rollouts cut.',
    form: { ...SMALL, arms: armsOf(['grpo'], ['masa-efficient']), others: '' },
  },
  {
    label: 'MASA in an adapter, with its controls',
    summary:
      'Is it self-knowledge? Beside the adapter stand GRPO with half the prompts, and a gate by a classifier that sees the prompt alone.',
    form: {
      ...SMALL,
      arms: armsOf(
        ['long-tail', 'grpo'],
        ['masa-adapter'],
        ['long-tail', 'half', 'prompts_per_step=8'],
        ['long-tail', 'classifier', 'masa_gate=true masa_gate_rule=classifier masa_audit_share=0.1'],
      ),
      others: 'eval_mid_hard=true',
    },
  },
];

export const FIRST_FORM: RaceForm = MATCHUPS[0].form;

const words = (text: string): string[] => text.split(/[\s,]+/).filter((word) => word !== '');

/** The race as the engine reads it. */
export function raceText(form: RaceForm): RaceText {
  const common: Partial<Record<string, string>> = {};
  for (const field of Object.keys(FIELDS) as Field[]) common[FIELDS[field]] = form[field];
  for (const word of words(form.others)) {
    const at = word.indexOf('=');
    common[at === -1 ? word : word.slice(0, at)] = at === -1 ? '' : word.slice(at + 1);
  }
  return { arms: armsText(form.arms), seeds: form.seeds, pace: form.pace, common };
}

const armsText = (arms: readonly ArmForm[]): string =>
  arms
    .map(({ preset, name, settings }) => {
      const own = name.trim();
      const changed = words(settings);
      // One that is varied goes by its preset's name as long as no other does.
      const isOnly = arms.filter((arm) => arm.preset === preset || arm.name.trim() === preset).length === 1;
      const shown = own !== '' ? own : changed.length > 0 && isOnly ? preset : '';
      return [shown === '' ? preset : `${shown}=${preset}`, ...changed].join(':');
    })
    .join(',');

/** The query string of a link that opens the page with this race ready to start. */
export function raceQuery(form: RaceForm): string {
  const { arms, seeds, pace, common } = raceText(form);
  return new URLSearchParams({
    v: String(MANIFEST_VERSION),
    [RACE_KEY]: arms,
    seeds,
    pace,
    ...(common as Record<string, string>),
  }).toString();
}

/** The race of a link; null where it has none. What is not of a race's link is named and passed over. */
export function formFromQuery(query: string): { form: RaceForm; issues: ManifestIssue[] } | null {
  const parameters = new URLSearchParams(query);
  const arms = parameters.get(RACE_KEY);
  if (arms === null) return null;
  const issues: ManifestIssue[] = [];
  const pace = parameters.get('pace') ?? FIRST_FORM.pace;
  const known = PACES.find((each) => each === pace);
  if (!known) issues.push({ key: 'pace', message: `expected one of ${PACES.join(', ')}, got "${pace}"` });
  const form: RaceForm = {
    ...FIRST_FORM,
    arms: arms === '' ? FIRST_FORM.arms : arms.split(',').map(armFromText),
    seeds: parameters.get('seeds') ?? FIRST_FORM.seeds,
    pace: known ?? FIRST_FORM.pace,
    others: '',
  };
  const others: string[] = [];
  for (const [key, value] of parameters) {
    if (RACE_KEYS.includes(key) || key === 'v' || key === 'seed') continue;
    const field = (Object.keys(FIELDS) as Field[]).find((each) => FIELDS[each] === key);
    if (field) form[field] = value;
    else if (KNOBS.some((knob) => knob.key === key)) others.push(`${key}=${value}`);
    else issues.push({ key, message: 'unknown key' });
  }
  return { form: { ...form, others: others.join(' ') }, issues };
}

function armFromText(text: string, id: number): ArmForm {
  const [head, ...settings] = text.trim().split(':');
  const at = head.indexOf('=');
  return {
    id,
    preset: at === -1 ? head : head.slice(at + 1),
    name: at === -1 || head.slice(0, at) === head.slice(at + 1) ? '' : head.slice(0, at),
    settings: settings.join(' '),
  };
}
