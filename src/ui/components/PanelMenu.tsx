/** What can be done with a panel as a whole: enlarge it, link to it, save its numbers and its picture. */
import { DropdownMenu } from 'radix-ui';
import { useState } from 'react';
import { embedAddress, embedCode } from '../embed/address';
import { usePage, useTheme } from '../state/context';
import { downloadFiles, type NamedBytes } from '../state/download';
import { PALETTE } from '../theme/palette';
import { Button } from './Button';
import { joinTables, toCsv } from './csv';
import overlay from './Overlay.module.css';
import styles from './Panel.module.css';
import type { Offer } from './panel-offers';
import { panelPng, standaloneSvg } from './picture';

interface Props {
  name: string;
  title: string;
  /** What the panel's parts offer at this moment. */
  offers: () => readonly Offer[];
  onEnlarge: () => void;
}

const bytesOf = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer;

const numbered = (name: string, ending: string, files: readonly ArrayBuffer[]): NamedBytes[] =>
  files.map((bytes, i) => ({ name: `${name}${files.length > 1 ? `-${i + 1}` : ''}.${ending}`, bytes }));

export function PanelMenu({ name, title, offers, onEnlarge }: Props) {
  const { theme } = useTheme();
  const [said, setSaid] = useState('');
  const say = (text: string) => {
    setSaid(text);
    setTimeout(() => setSaid(''), 4000);
  };
  const [parts, setParts] = useState<readonly Offer[]>([]);
  const file = `masa-lab-${name}`;
  const copyLink = async () => {
    const url = new URL(location.href);
    url.hash = panelId(name);
    try {
      await navigator.clipboard.writeText(url.href);
      say('Link copied');
    } catch {
      location.hash = panelId(name);
      say('Copy the address bar: the browser refused');
    }
  };
  const served = usePage((page) => page.replay?.address ?? null);
  const copyEmbed = async () => {
    if (served === null) return;
    const height = document.getElementById(panelId(name))?.offsetHeight ?? 0;
    const code = embedCode(embedAddress(location.href, name, served), title, height);
    try {
      await navigator.clipboard.writeText(code);
      say('Embed code copied');
    } catch {
      // It can be had all the same, as a file.
      downloadFiles(file, [{ name: `${file}-embed.html`, bytes: bytesOf(code) }]);
      say('Saved as a file: the browser refused the clipboard');
    }
  };
  const saveCsv = () => {
    const tables = joinTables(parts.flatMap((part) => (part.table ? [part.table()] : [])));
    downloadFiles(
      file,
      numbered(
        file,
        'csv',
        tables.map((table) => bytesOf(toCsv(table))),
      ),
    );
  };
  const savePng = async () => {
    const bytes = await panelPng(title, parts, theme);
    if (bytes) downloadFiles(file, [{ name: `${file}.png`, bytes }]);
    else say('Nothing is drawn yet');
  };
  const svgs = parts.flatMap((part) => {
    const picture = part.picture?.();
    return picture instanceof SVGSVGElement ? [picture] : [];
  });
  const saveSvg = () =>
    downloadFiles(
      file,
      numbered(
        file,
        'svg',
        svgs.map((svg) => bytesOf(standaloneSvg(svg, PALETTE[theme].surface))),
      ),
    );
  return (
    <>
      <span className={styles.said} aria-live="polite">
        {said}
      </span>
      <DropdownMenu.Root modal={false} onOpenChange={(open) => open && setParts(offers())}>
        <DropdownMenu.Trigger asChild>
          <Button
            weight="quiet"
            className={styles.menu}
            aria-label={`Enlarge, link or save: ${title}`}
            data-testid={`menu-${name}`}
          >
            <span aria-hidden="true">⋯</span>
          </Button>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className={overlay.menu} align="end" sideOffset={4}>
            <Item onSelect={onEnlarge}>Enlarge</Item>
            <Item onSelect={copyLink}>Copy link to this panel</Item>
            {served !== null && <Item onSelect={copyEmbed}>Copy embed code</Item>}
            {parts.some((part) => part.table) && <Item onSelect={saveCsv}>Save data as CSV</Item>}
            {parts.some((part) => part.picture) && <Item onSelect={savePng}>Save picture as PNG</Item>}
            {svgs.length > 0 && <Item onSelect={saveSvg}>Save picture as SVG</Item>}
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
    </>
  );
}

/** The fragment of a link to a panel. */
export const panelId = (name: string): string => `panel-${name}`;

function Item({ onSelect, children }: { onSelect: () => void; children: string }) {
  return (
    <DropdownMenu.Item className={overlay.item} onSelect={onSelect}>
      <span className={overlay.itemText}>{children}</span>
    </DropdownMenu.Item>
  );
}
