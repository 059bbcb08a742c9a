/**
 * The settings: a form made from the manifest's schema, in the order of a run, with presets. Docked beside the
 * page where there is room, else a sheet over it.
 */
import { Collapsible, Dialog } from 'radix-ui';
import { useSyncExternalStore } from 'react';
import { KNOBS, SECTIONS, type Section } from '../../run/manifest';
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import { Knob } from '../components/Knob';
import overlay from '../components/Overlay.module.css';
import { usePage, useSession } from '../state/context';
import { changedKeys } from '../state/settings';
import { PresetMenu } from './PresetMenu';
import styles from './Settings.module.css';

const SECTION_LABELS: Record<Section, string> = {
  task: 'Task',
  policy: 'Policy',
  rollouts: 'Rollouts',
  method: 'Method',
  masa: 'Self-prediction (MASA)',
  training: 'Training',
  evaluation: 'Held-out test',
  run: 'Run',
};

const wide = matchMedia('(min-width: 1024px)');
const onWide = (changed: () => void) => {
  wide.addEventListener('change', changed);
  return () => wide.removeEventListener('change', changed);
};

export function Settings() {
  const session = useSession();
  const open = usePage((page) => page.looking.settingsOpen);
  const docked = useSyncExternalStore(onWide, () => wide.matches);
  const close = () => session.look({ settingsOpen: false });
  if (docked)
    return open ? (
      <aside id="settings" className={styles.docked} aria-label="Settings" data-testid="settings">
        <div className={styles.head}>
          <h2>Settings</h2>
          <Button weight="quiet" icon={<Icon name="close" />} aria-label="Close settings" onClick={close} />
        </div>
        <Form />
      </aside>
    ) : null;
  return (
    <Dialog.Root open={open} onOpenChange={(now) => session.look({ settingsOpen: now })}>
      <Dialog.Portal>
        <Dialog.Overlay className={overlay.shade} />
        <Dialog.Content
          id="settings"
          className={overlay.sheet}
          aria-describedby={undefined}
          data-testid="settings"
        >
          <div className={styles.head}>
            <Dialog.Title asChild>
              <h2>Settings</h2>
            </Dialog.Title>
            <Dialog.Close asChild>
              <Button weight="quiet" icon={<Icon name="close" />} aria-label="Close settings" />
            </Dialog.Close>
          </div>
          <Form />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Form() {
  const session = useSession();
  return (
    <form className={styles.form} onSubmit={(event) => event.preventDefault()} noValidate>
      <div className={styles.presets}>
        <PresetMenu />
        <Button weight="quiet" onClick={() => session.allDefaults()}>
          All defaults
        </Button>
      </div>
      <ChangedNote />
      {SECTIONS.map((section) => (
        <SectionFields key={section} section={section} />
      ))}
    </form>
  );
}

function SectionFields({ section }: { section: Section }) {
  const knobs = KNOBS.filter((knob) => knob.section === section);
  const plain = knobs.filter((knob) => !knob.advanced);
  const advanced = knobs.filter((knob) => knob.advanced);
  const touched = usePage((page) =>
    advanced.some(
      (knob) => page.settings.draft[knob.key] !== knob.default || page.settings.invalid[knob.key],
    ),
  );
  if (knobs.length === 0) return null;
  return (
    <fieldset className={styles.section}>
      <legend>{SECTION_LABELS[section]}</legend>
      {plain.map((knob) => (
        <Knob key={knob.key} knob={knob} />
      ))}
      {advanced.length > 0 && (
        <Collapsible.Root defaultOpen={touched}>
          <Collapsible.Trigger className={styles.advanced}>
            <Icon name="down" size={14} />
            Advanced ({advanced.length})
          </Collapsible.Trigger>
          <Collapsible.Content className={styles.content}>
            {advanced.map((knob) => (
              <Knob key={knob.key} knob={knob} />
            ))}
          </Collapsible.Content>
        </Collapsible.Root>
      )}
    </fieldset>
  );
}

/** Says that the form no longer describes the run on screen, and offers both ways out. */
export function ChangedNote() {
  const session = useSession();
  const settings = usePage((page) => page.settings);
  const loaded = usePage((page) => page.lab.loaded);
  const canReset = usePage((page) => page.lab.state !== 'loading' && page.lab.state !== 'opening');
  const forking = usePage((page) => page.runs.fork !== null);
  const invalid = Object.keys(settings.invalid);
  if (invalid.length > 0)
    return (
      <div className={styles.changed} role="status" data-testid="settings-invalid">
        <p>
          <strong>
            {invalid.length === 1 ? '1 setting is' : `${invalid.length} settings are`} not valid yet
          </strong>{' '}
          (<code>{invalid.join(', ')}</code>), so nothing new can be started.
        </p>
      </div>
    );
  const changed = loaded ? changedKeys(settings, loaded.manifest) : [];
  // A fork about to be started says itself what is changed.
  if (changed.length === 0 || forking) return null;
  return (
    <div className={styles.changed} role="status" data-testid="settings-changed">
      <p>
        <strong>
          {changed.length === 1 ? '1 setting differs' : `${changed.length} settings differ`} from the run on
          screen
        </strong>{' '}
        (<code>{changed.slice(0, 3).join(', ')}</code>
        {changed.length > 3 && ', …'}). They take effect from step 0.
      </p>
      <div className={styles.actions}>
        <Button weight="primary" disabled={!canReset} onClick={() => session.reset()}>
          Apply and reset
        </Button>
        <Button weight="quiet" onClick={() => session.discardChanges()}>
          Undo changes
        </Button>
      </div>
    </div>
  );
}
