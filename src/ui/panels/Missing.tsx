/** What stands where a step's detail would: being read, no longer kept, or not there yet. Used with `useDetail`. */
import { formatCount } from '../../run/format';
import { Empty } from '../components/Empty';
import { useShownStep } from '../history/hooks';
import type { Detail } from './useDetail';

interface Props {
  why: Detail['missing'];
  /** What will stand here, before the first step. */
  early: string;
}

export function Missing({ why, early }: Props) {
  const step = useShownStep();
  if (why === 'coming')
    return <Empty busy>Reading step {formatCount(step)} from where the run is kept…</Empty>;
  if (why === 'gone') return <Empty>Of this step only the curves were kept; choose a more recent one.</Empty>;
  return <Empty>{early}</Empty>;
}
