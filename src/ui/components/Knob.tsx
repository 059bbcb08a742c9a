/**
 * One setting: its label with the explanation on hover and focus, the field of its kind, its own reset, and
 * what is wrong with what was typed. All of it read off the manifest's schema.
 */
import { Select, Switch } from 'radix-ui';
import { useEffect, useId, useState } from 'react';
import { describeKnob, type Knob as KnobSpec } from '../../run/manifest';
import { usePage, useSession } from '../state/context';
import { stepped } from '../state/settings';
import { Explain } from './Explain';
import { Icon } from './Icon';
import styles from './Knob.module.css';
import overlay from './Overlay.module.css';

export function Knob({ knob }: { knob: KnobSpec }) {
  const session = useSession();
  const id = useId();
  const value = usePage((page) => page.settings.draft[knob.key]);
  const invalid = usePage((page) => page.settings.invalid[knob.key]);
  const differs = usePage(
    (page) => page.lab.loaded !== null && page.lab.loaded.manifest[knob.key] !== value && knob.key !== 'name',
  );
  const changed = invalid !== undefined || value !== knob.default;
  const problem = `${id}-problem`;
  const field = {
    id,
    'aria-label': knob.label,
    'aria-invalid': invalid ? true : undefined,
    'aria-describedby': invalid ? problem : undefined,
    'data-testid': `knob-${knob.key}`,
  };
  return (
    <div className={styles.knob} data-differs={differs}>
      <div className={styles.label}>
        <Explain
          label={knob.label}
          definition={knob.help}
          formula={`${knob.key}: ${describeKnob(knob)}; default ${shown(knob.default)}`}
        />
        {differs && <span className="visually-hidden">differs from the run on screen</span>}
      </div>
      <div className={styles.field}>
        {changed && (
          <button
            type="button"
            className={styles.reset}
            onClick={() => session.resetKnob(knob)}
            aria-label={`Reset ${knob.label} to ${shown(knob.default)}`}
            title={`Back to ${shown(knob.default)}`}
          >
            <Icon name="undo" size={14} />
          </button>
        )}
        {knob.kind === 'boolean' ? (
          <Switch.Root
            {...field}
            className={styles.switch}
            checked={value === true}
            onCheckedChange={(on) => session.typeKnob(knob, String(on))}
          >
            <Switch.Thumb className={styles.thumb} />
          </Switch.Root>
        ) : knob.kind === 'choice' ? (
          <Choice knob={knob} value={String(value)} field={field} />
        ) : (
          <Typed knob={knob} value={invalid?.text ?? String(value)} field={field} />
        )}
      </div>
      {invalid && (
        <p className={styles.problem} id={problem} role="alert">
          {invalid.message}
        </p>
      )}
    </div>
  );
}

const shown = (value: unknown): string =>
  value === '' ? 'nothing' : value === true ? 'on' : value === false ? 'off' : String(value);

interface FieldProps {
  knob: KnobSpec;
  value: string;
  field: Record<string, string | boolean | undefined>;
}

function Typed({ knob, value, field }: FieldProps) {
  const session = useSession();
  // What is being typed stays as typed (`1e-`, `0.`); outside changes replace it.
  const [text, setText] = useState(value);
  useEffect(() => {
    setText((now) => (now !== value && (now.trim() === '' || Number(now) !== Number(value)) ? value : now));
  }, [value]);
  const numeric = knob.kind !== 'text';
  return (
    <input
      {...field}
      className={numeric ? `${styles.input} number` : `${styles.input} ${styles.text}`}
      type="text"
      inputMode={numeric ? (knob.kind === 'integer' ? 'numeric' : 'decimal') : undefined}
      autoComplete="off"
      spellCheck={false}
      value={text}
      onChange={(event) => {
        setText(event.target.value);
        session.typeKnob(knob, event.target.value);
      }}
      onKeyDown={(event) => {
        const direction = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0;
        if (!numeric || direction === 0) return;
        event.preventDefault();
        const next = String(stepped(knob, Number(text), direction * (event.shiftKey ? 10 : 1)));
        setText(next);
        session.typeKnob(knob, next);
      }}
    />
  );
}

function Choice({ knob, value, field }: FieldProps) {
  const session = useSession();
  return (
    <Select.Root value={value} onValueChange={(next) => session.typeKnob(knob, next)}>
      <Select.Trigger {...field} className={styles.select}>
        <Select.Value />
        <Select.Icon>
          <Icon name="down" size={12} />
        </Select.Icon>
      </Select.Trigger>
      <Select.Portal>
        <Select.Content className={overlay.menu} position="popper" sideOffset={4} align="end">
          <Select.Viewport>
            {knob.choices?.map((choice) => (
              <Select.Item key={choice} value={choice} className={overlay.item}>
                <Select.ItemIndicator className={overlay.mark}>
                  <Icon name="check" size={14} />
                </Select.ItemIndicator>
                <span className={overlay.itemText}>
                  <Select.ItemText>{choice}</Select.ItemText>
                </span>
              </Select.Item>
            ))}
          </Select.Viewport>
        </Select.Content>
      </Select.Portal>
    </Select.Root>
  );
}
