/** The way to the race in the page's header; while one goes on it says so, whatever is on screen. */
import { useStore } from 'zustand';
import { Button } from '../components/Button';
import { useSession } from '../state/context';
import { raceUnderWay } from './state';

export function RaceButton({ className }: { className?: string }) {
  const { races } = useSession();
  const open = useStore(races.store, (page) => page.open);
  const state = useStore(races.store, (page) => raceUnderWay(page)?.state ?? null);
  const word = state === null ? '' : state === 'paused' ? ': paused' : ': under way';
  return (
    <Button
      className={className}
      aria-pressed={open}
      onClick={() => races.show(!open)}
      data-testid="open-race"
      title="Several arms from the same start, side by side"
    >
      Race{word}
    </Button>
  );
}
