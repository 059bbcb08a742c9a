/** The bar at the top: what this is, where the run is, settings, link, recordings and theme. */
import { DropdownMenu } from 'radix-ui';
import { useState } from 'react';
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import overlay from '../components/Overlay.module.css';
import { RaceButton } from '../race/RaceButton';
import { useChooseRecording } from '../replay/choose';
import { saveReport } from '../runs/save-report';
import { linkTo } from '../state/address';
import { usePage, useSession, useTheme } from '../state/context';
import { chooseTheme, type ThemeChoice } from '../theme/theme';
import styles from './Header.module.css';
import { StatusChip } from './StatusChip';

export function Header() {
  const session = useSession();
  const settingsOpen = usePage((page) => page.looking.settingsOpen);
  return (
    <header className={styles.header}>
      <a className={styles.brand} href="./" aria-label="MASA Lab, start page">
        <img src="favicon.svg" alt="" width={24} height={24} />
        <span>MASA Lab</span>
      </a>
      <StatusChip />
      <div className={styles.tools}>
        <Button
          icon={<Icon name="settings" />}
          aria-expanded={settingsOpen}
          aria-controls="settings"
          onClick={() => session.look({ settingsOpen: !settingsOpen })}
        >
          Settings
        </Button>
        <RaceButton className={styles.race} />
        <Button aria-haspopup="dialog" onClick={() => session.runs.show(true)} data-testid="open-runs">
          Runs
        </Button>
        <MoreMenu />
      </div>
    </header>
  );
}

const THEME_LABELS: Record<ThemeChoice, string> = {
  system: 'As the system',
  light: 'Light',
  dark: 'Dark',
};

function MoreMenu() {
  const session = useSession();
  const { choice } = useTheme();
  const hasCheckpoint = usePage((page) => page.run.checkpoint !== null);
  const hasSteps = usePage((page) => page.run.steps.length > 0);
  const [copied, setCopied] = useState<'yes' | 'no' | null>(null);
  const copy = async () => {
    try {
      const racing = session.races.store.getState().open;
      const link = racing ? location.href : linkTo(session.store.getState().settings.draft);
      await navigator.clipboard.writeText(link);
      setCopied('yes');
    } catch {
      setCopied('no');
    }
    setTimeout(() => setCopied(null), 4000);
  };
  const chooseRecording = useChooseRecording();
  const copyText =
    copied === 'yes'
      ? 'Link copied'
      : copied === 'no'
        ? 'Copy the address bar instead: the browser refused'
        : 'Copy link';
  return (
    <>
      <Button
        icon={<Icon name="link" />}
        className={styles.copy}
        onClick={copy}
        title="A link that repeats this run"
      >
        <span aria-live="polite">{copyText}</span>
      </Button>
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger asChild>
          <Button aria-label="Theme and more" className={styles.more}>
            <span aria-hidden="true">⋯</span>
          </Button>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className={overlay.menu} align="end" sideOffset={6}>
            <DropdownMenu.Label className={styles.menuLabel}>Theme</DropdownMenu.Label>
            <DropdownMenu.RadioGroup value={choice}>
              {(Object.keys(THEME_LABELS) as ThemeChoice[]).map((each) => (
                <DropdownMenu.RadioItem
                  key={each}
                  value={each}
                  className={overlay.item}
                  onSelect={() => chooseTheme(each)}
                >
                  <DropdownMenu.ItemIndicator className={overlay.mark}>
                    <Icon name="check" />
                  </DropdownMenu.ItemIndicator>
                  <span className={overlay.itemText}>{THEME_LABELS[each]}</span>
                </DropdownMenu.RadioItem>
              ))}
            </DropdownMenu.RadioGroup>
            <DropdownMenu.Separator className={styles.separator} />
            <DropdownMenu.Item className={overlay.item} onSelect={() => session.races.show(true)}>
              <span className={overlay.itemText}>Race several arms…</span>
            </DropdownMenu.Item>
            <DropdownMenu.Item className={overlay.item} onSelect={chooseRecording}>
              <span className={overlay.itemText}>Open a recorded run…</span>
            </DropdownMenu.Item>
            <DropdownMenu.Item className={overlay.item} onSelect={() => session.models.show(true)}>
              <span className={overlay.itemText}>Open a model…</span>
            </DropdownMenu.Item>
            <DropdownMenu.Item
              className={overlay.item}
              disabled={!hasCheckpoint}
              onSelect={() => session.exportCheckpoint()}
            >
              <span className={overlay.itemText}>Download checkpoint</span>
            </DropdownMenu.Item>
            <DropdownMenu.Item
              className={overlay.item}
              disabled={!hasSteps}
              onSelect={() => void saveReport(session)}
            >
              <span className={overlay.itemText}>Save report</span>
            </DropdownMenu.Item>
            <DropdownMenu.Item className={overlay.item} onSelect={copy}>
              <span className={overlay.itemText}>Copy link</span>
            </DropdownMenu.Item>
            <DropdownMenu.Item className={overlay.item} onSelect={() => session.look({ keysOpen: true })}>
              <span className={overlay.itemText}>Keys…</span>
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
    </>
  );
}
