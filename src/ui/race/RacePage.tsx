/**
 * The race on screen, in place of the run: the form of a new one, and the races of this session with their state,
 * answer, curves, arms and arithmetic. Loaded when it is asked for.
 */
import { ToggleGroup } from 'radix-ui';
import { useLayoutEffect } from 'react';
import { useStore } from 'zustand';
import { Boundary } from '../components/Boundary';
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import { useSession } from '../state/context';
import { ArmTable } from './ArmTable';
import { Claims } from './Claims';
import { GateArithmetic } from './GateArithmetic';
import styles from './Race.module.css';
import { RaceAnswer } from './RaceAnswer';
import { RaceChart } from './RaceChart';
import { RaceForm } from './RaceForm';
import { RaceStatus } from './RaceStatus';
import { type RaceView, shownRace } from './state';

const TAKES_SPACE =
  'button, a, summary, input, textarea, select, [role=combobox], [role=listbox], [role=menu], [role=dialog], [role=radio]';

export default function RacePage() {
  const { races } = useSession();
  const race = useStore(races.store, shownRace);
  useLayoutEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== ' ' || event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey)
        return;
      if (event.target instanceof Element && event.target.closest(TAKES_SPACE)) return;
      event.preventDefault();
      races.toggle();
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, [races]);
  return (
    <div className={styles.page} data-testid="race">
      <div className={styles.head}>
        <h1>The race</h1>
        <Choice />
        <Button className={styles.close} icon={<Icon name="close" />} onClick={() => races.show(false)}>
          Back to the run
        </Button>
      </div>
      {race === null ? (
        <RaceForm />
      ) : (
        <Boundary name="the race">
          <Shown race={race} />
        </Boundary>
      )}
    </div>
  );
}

function Shown({ race }: { race: RaceView }) {
  return (
    <>
      <RaceStatus race={race} />
      <RaceAnswer race={race} />
      <RaceChart race={race} />
      <ArmTable race={race} />
      <GateArithmetic race={race} />
      <Claims race={race} />
    </>
  );
}

/** The races of the session, and the form of a new one. */
function Choice() {
  const { races } = useSession();
  const all = useStore(races.store, (page) => page.races);
  const shown = useStore(races.store, (page) => page.shown);
  if (all.length === 0) return null;
  return (
    <ToggleGroup.Root
      type="single"
      className={styles.switch}
      aria-label="Races of this session"
      value={shown ?? 'new'}
      onValueChange={(id) => id !== '' && races.look(id === 'new' ? null : id)}
    >
      {all.map(({ id, number }) => (
        <ToggleGroup.Item key={id} value={id}>
          Race {number}
        </ToggleGroup.Item>
      ))}
      <ToggleGroup.Item value="new">New</ToggleGroup.Item>
    </ToggleGroup.Root>
  );
}
