/** How fast: steps a second of a recording, or what a live run waits between steps so that it can be watched. */
import { Select } from 'radix-ui';
import { Icon } from '../components/Icon';
import overlay from '../components/Overlay.module.css';
import { SPEEDS } from '../replay/replayer';
import { usePage, useSession } from '../state/context';
import styles from './Timeline.module.css';

/** Milliseconds between steps. */
const DELAYS = [0, 500, 1000, 2000, 5000] as const;

export function SpeedMenu() {
  const session = useSession();
  const replaying = usePage((page) => page.replay !== null);
  const speed = usePage((page) => page.looking.stepsPerSecond);
  const delay = usePage((page) => page.looking.delayMs);
  const options = replaying
    ? SPEEDS.map((each) => ({ value: each, text: `${each} step${each === 1 ? '' : 's'}/s` }))
    : DELAYS.map((each) => ({ value: each, text: each === 0 ? 'Full speed' : `+${each / 1000} s a step` }));
  const choose = (text: string) => {
    if (replaying) session.look({ stepsPerSecond: Number(text) });
    else session.pace(Number(text));
  };
  return (
    <Select.Root value={String(replaying ? speed : delay)} onValueChange={choose}>
      <Select.Trigger className={styles.speed} aria-label="Speed" data-testid="speed">
        <Select.Value />
        <Icon name="down" size={14} />
      </Select.Trigger>
      <Select.Portal>
        <Select.Content className={overlay.menu} position="popper" side="top" sideOffset={6} align="end">
          <Select.Viewport>
            {options.map(({ value, text }) => (
              <Select.Item key={value} value={String(value)} className={overlay.item}>
                <Select.ItemIndicator className={overlay.mark}>
                  <Icon name="check" />
                </Select.ItemIndicator>
                <span className={overlay.itemText}>
                  <Select.ItemText>{text}</Select.ItemText>
                </span>
              </Select.Item>
            ))}
          </Select.Viewport>
        </Select.Content>
      </Select.Portal>
    </Select.Root>
  );
}
