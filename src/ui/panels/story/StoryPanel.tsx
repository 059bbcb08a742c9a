/** The step on screen as a story: predicted, gated, tried. For runs that predict; the first thing below the numbers. */
import { useMemo } from 'react';
import { Panel } from '../../components/Panel';
import { usePage } from '../../state/context';
import { shownManifest, taskOf } from '../../state/selectors';
import { hasStory, storyOf } from '../../views/story';
import { Missing } from '../Missing';
import { useDetail } from '../useDetail';
import { Stations } from './Stations';

export function StoryPanel() {
  const manifest = usePage(shownManifest);
  if (manifest.masa_meta === 'off') return null;
  return (
    <Panel
      name="story"
      title="What it expected, and what came of it"
      caption="A line is a prompt: level where it knew itself, rising or falling where it did not."
    >
      <Step />
    </Panel>
  );
}

function Step() {
  const { record, missing } = useDetail(hasStory);
  const { vocabulary } = taskOf(usePage(shownManifest));
  const story = useMemo(() => record && storyOf(record), [record]);
  if (!record || !story)
    return <Missing why={missing} early="The first step’s predictions appear here before any rollout." />;
  return <Stations story={story} step={record.step} readable={vocabulary.readable} />;
}
