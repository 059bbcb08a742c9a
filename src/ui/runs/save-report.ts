/** Saves a report of the run on screen: the recorded one, the one looked at, or the one on the trainer. */
import { saveBlob } from '../state/download';
import type { Session } from '../state/session';

export async function saveReport({ store, runs, replayer }: Session): Promise<void> {
  const page = store.getState();
  if (!page.replay) {
    runs.report(page.runs.shown === null ? null : [page.runs.shown]);
    return;
  }
  const report = await replayer.report();
  if (report) saveBlob(report.name, new Blob([report.text], { type: 'text/html;charset=utf-8' }));
}
