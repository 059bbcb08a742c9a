/** A list to choose one of, in named groups; Radix's select with the page's looks. Used by the benchmark panel. */
import { Select } from 'radix-ui';
import { Icon } from '../components/Icon';
import overlay from '../components/Overlay.module.css';
import styles from './Benchmarks.module.css';

export interface Option {
  value: string;
  label: string;
  /** Of `groups`; options of one group stand together. */
  group: string;
}

interface Props {
  label: string;
  testId: string;
  value: string;
  options: readonly Option[];
  /** What each group is called; one without a name has no heading. */
  groups: Readonly<Record<string, string>>;
  onChange(value: string): void;
}

export function Picker({ label, testId, value, options, groups, onChange }: Props) {
  const names = [...new Set(options.map(({ group }) => group))];
  return (
    <Select.Root value={value} onValueChange={onChange}>
      <Select.Trigger className={styles.picker} aria-label={label} data-testid={testId}>
        <Select.Value />
        <Select.Icon>
          <Icon name="down" size={12} />
        </Select.Icon>
      </Select.Trigger>
      <Select.Portal>
        <Select.Content
          className={`${overlay.menu} ${styles.list}`}
          position="popper"
          sideOffset={4}
          collisionPadding={12}
        >
          <Select.Viewport>
            {names.map((name) => (
              <Select.Group key={name}>
                {groups[name] && <Select.Label className={styles.heading}>{groups[name]}</Select.Label>}
                {options
                  .filter(({ group }) => group === name)
                  .map((option) => (
                    <Select.Item key={option.value} value={option.value} className={overlay.item}>
                      <Select.ItemIndicator className={overlay.mark}>
                        <Icon name="check" size={14} />
                      </Select.ItemIndicator>
                      <span className={overlay.itemText}>
                        <Select.ItemText>{option.label}</Select.ItemText>
                      </span>
                    </Select.Item>
                  ))}
              </Select.Group>
            ))}
          </Select.Viewport>
        </Select.Content>
      </Select.Portal>
    </Select.Root>
  );
}
