/** Where a race is set up: its arms, seeds and settings, what is wrong with them, and the button that starts it. */
import { ToggleGroup } from 'radix-ui';
import { useId, useMemo } from 'react';
import { useStore } from 'zustand';
import type { Pace, RaceSetup } from '../../lab/race/setup';
import { FEWEST_ARMS, MOST_ARMS, planRace } from '../../lab/race/setup';
import { formatCount } from '../../run/format';
import { ManifestError, type ManifestIssue } from '../../run/manifest';
import { PRESETS } from '../../run/presets';
import { Button } from '../components/Button';
import { Explain } from '../components/Explain';
import { Icon } from '../components/Icon';
import { Panel } from '../components/Panel';
import { Picker } from '../panels/Picker';
import { usePage, useSession } from '../state/context';
import { ArmKey } from './ArmKey';
import { type ArmForm, type RaceForm as Form, MATCHUPS, raceText } from './form';
import styles from './Race.module.css';
import { raceUnderWay } from './state';

const OPTIONS = PRESETS.map(({ name, label }) => ({ value: name, label, group: '' }));

interface FieldSpec {
  key: 'seeds' | 'steps' | 'evalSteps' | 'evalProblems' | 'evalSamples';
  label: string;
  definition: string;
}

const FIELDS: readonly FieldSpec[] = [
  {
    key: 'seeds',
    label: 'Seeds',
    definition:
      'Each seed is a race of its own, with the same initialisation and problems for all arms. 3 means 1 to 3; 4-6 and 1,5 are read as well. Intervals need three.',
  },
  { key: 'steps', label: 'Steps', definition: 'How many steps each arm takes on each seed.' },
  {
    key: 'evalSteps',
    label: 'Evaluate every',
    definition: 'Steps between evaluations, the same for all arms: the points of the curves.',
  },
  {
    key: 'evalProblems',
    label: 'Held-out problems',
    definition: 'How many held-out problems each evaluation asks, the same ones every time and of every arm.',
  },
  {
    key: 'evalSamples',
    label: 'Answers to each',
    definition: 'Sampled answers to each held-out problem, at temperature 1. More give smoother curves.',
  },
];

function planned(form: Form): { setup: RaceSetup | null; issues: readonly ManifestIssue[] } {
  try {
    return { setup: planRace(raceText(form)), issues: [] };
  } catch (error) {
    if (error instanceof ManifestError) return { setup: null, issues: error.issues };
    throw error;
  }
}

export function RaceForm() {
  const { races } = useSession();
  const form = useStore(races.store, (page) => page.form);
  const linkIssues = useStore(races.store, (page) => page.linkIssues);
  const going = useStore(races.store, (page) => raceUnderWay(page) !== null);
  const lab = usePage((page) => page.lab.state);
  const { setup, issues } = useMemo(() => planned(form), [form]);
  const others = useId();
  const change = (part: Partial<Form>) => races.change({ ...form, ...part });
  const changeArm = (id: number, part: Partial<ArmForm>) =>
    change({ arms: form.arms.map((arm) => (arm.id === id ? { ...arm, ...part } : arm)) });
  const add = () => {
    const id = 1 + Math.max(...form.arms.map((arm) => arm.id));
    change({ arms: [...form.arms, { id, preset: 'masa', name: '', settings: '' }] });
  };
  const opening = lab === 'opening';
  const busy = lab === 'running' || lab === 'pausing' || lab === 'benchmarking';
  const current = MATCHUPS.findIndex((each) => raceSame(each.form, form));
  return (
    <Panel
      name="race-form"
      title="A new race"
      caption="Two to four arms from the same initialisation, on the same problems, taking their steps in turn. The first is the baseline."
    >
      <ToggleGroup.Root
        type="single"
        className={styles.matchups}
        aria-label="Start from"
        value={String(current)}
        onValueChange={(place) => place !== '' && races.change(MATCHUPS[Number(place)].form)}
      >
        {MATCHUPS.map(({ label, summary }, place) => (
          <ToggleGroup.Item key={label} value={String(place)} className={styles.matchup}>
            <strong>{label}</strong>
            <span>{summary}</span>
          </ToggleGroup.Item>
        ))}
      </ToggleGroup.Root>
      <ol className={styles.arms}>
        {form.arms.map((arm, place) => (
          <li key={arm.id} className={styles.arm} data-testid="race-arm">
            <ArmKey name={place === 0 ? 'Baseline' : `Arm ${place + 1}`} place={place} />
            <Picker
              label={`Preset of ${place === 0 ? 'the baseline' : `arm ${place + 1}`}`}
              testId={`race-preset-${place}`}
              value={arm.preset}
              options={OPTIONS}
              groups={{}}
              onChange={(preset) => changeArm(arm.id, { preset })}
            />
            <input
              aria-label={`Name of arm ${place + 1}`}
              placeholder="its preset’s name"
              value={arm.name}
              onChange={(event) => changeArm(arm.id, { name: event.target.value })}
            />
            <input
              className={styles.wide}
              aria-label={`Settings that arm ${place + 1} changes`}
              placeholder="changes: key=value key=value"
              value={arm.settings}
              spellCheck={false}
              onChange={(event) => changeArm(arm.id, { settings: event.target.value })}
            />
            <Button
              weight="quiet"
              icon={<Icon name="close" />}
              aria-label={`Remove arm ${place + 1}`}
              disabled={form.arms.length <= FEWEST_ARMS}
              onClick={() => change({ arms: form.arms.filter(({ id }) => id !== arm.id) })}
            />
          </li>
        ))}
      </ol>
      <Button disabled={form.arms.length >= MOST_ARMS} onClick={add}>
        Add an arm
      </Button>
      <div className={styles.fields}>
        {FIELDS.map(({ key, label, definition }) => (
          <div key={key} className={styles.field}>
            <Explain label={label} definition={definition} />
            <input
              aria-label={label}
              value={form[key]}
              inputMode={key === 'seeds' ? undefined : 'numeric'}
              onChange={(event) => change({ [key]: event.target.value })}
              data-testid={`race-${key}`}
            />
          </div>
        ))}
        <div className={styles.field}>
          <Explain
            label="In step by"
            definition="Whose turn it is. Steps: the arm that has taken the fewest. Tokens: the arm that has generated the fewest, so that nobody is ahead by more than a step’s tokens and the curves grow together over tokens. The figures at the end are the same, as each arm’s stream is that of its manifest run alone."
          />
          <ToggleGroup.Root
            type="single"
            className={styles.switch}
            aria-label="In step by"
            value={form.pace}
            onValueChange={(pace) => pace !== '' && change({ pace: pace as Pace })}
          >
            <ToggleGroup.Item value="steps">Steps</ToggleGroup.Item>
            <ToggleGroup.Item value="tokens">Tokens</ToggleGroup.Item>
          </ToggleGroup.Root>
        </div>
        <div className={`${styles.field} ${styles.others}`}>
          <label htmlFor={others}>Other settings of all arms</label>
          <input
            id={others}
            value={form.others}
            placeholder="key=value key=value"
            spellCheck={false}
            onChange={(event) => change({ others: event.target.value })}
          />
        </div>
      </div>
      {[...linkIssues, ...issues].length > 0 && (
        <ul className={styles.issues} role="alert" data-testid="race-issues">
          {[...linkIssues, ...issues].map(({ key, message }) => (
            <li key={`${key} ${message}`}>
              <strong>{key}</strong>: {message}
            </li>
          ))}
        </ul>
      )}
      <div className={styles.start}>
        <Button
          weight="primary"
          large
          icon={<Icon name="run" />}
          disabled={setup === null || going || opening || lab === 'unavailable'}
          onClick={() => races.start()}
          data-testid="race-start"
        >
          Start the race
        </Button>
        <p>{startNote(setup, { going, opening, busy, unavailable: lab === 'unavailable' })}</p>
      </div>
    </Panel>
  );
}

interface Circumstances {
  going: boolean;
  opening: boolean;
  busy: boolean;
  unavailable: boolean;
}

function startNote(setup: RaceSetup | null, { going, opening, busy, unavailable }: Circumstances): string {
  if (unavailable) return 'There is no usable GPU: the notice above says why.';
  if (opening) return 'The GPU is being tested.';
  if (going) return 'A race is under way: stop it first, or watch it to its end.';
  if (!setup) return 'Correct what is named above.';
  const { arms, seeds } = setup;
  const steps = seeds.length * arms.reduce((sum, { manifest }) => sum + manifest.steps, 0);
  const rest = busy ? ' The run on the page pauses meanwhile and loses nothing.' : '';
  return `${arms.length} arms × ${seeds.length} ${seeds.length === 1 ? 'seed' : 'seeds'}: ${formatCount(steps)} steps in all.${rest}`;
}

/** But for the arms' numbers in the list. */
const raceSame = (a: Form, b: Form): boolean => JSON.stringify(raceText(a)) === JSON.stringify(raceText(b));
