/** Presets to start from, each with a sentence on what it shows; the seed and the name stay as they are. */
import { DropdownMenu } from 'radix-ui';
import { PRESETS } from '../../run/presets';
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import overlay from '../components/Overlay.module.css';
import { usePage, useSession } from '../state/context';
import { presetOf } from '../state/settings';

export function PresetMenu() {
  const session = useSession();
  const draft = usePage((page) => page.settings.draft);
  const current = presetOf(draft);
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <Button data-testid="presets">
          Preset: {current?.label ?? 'your own'} <Icon name="down" size={12} />
        </Button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={overlay.menu} align="start" sideOffset={6} collisionPadding={12}>
          <DropdownMenu.RadioGroup value={current?.name ?? ''}>
            {PRESETS.map((preset) => (
              <DropdownMenu.RadioItem
                key={preset.name}
                value={preset.name}
                className={overlay.item}
                onSelect={() => session.applyPreset(preset.name)}
              >
                <DropdownMenu.ItemIndicator className={overlay.mark}>
                  <Icon name="check" />
                </DropdownMenu.ItemIndicator>
                <span className={overlay.itemText}>{preset.label}</span>
                <small>{preset.summary}</small>
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
