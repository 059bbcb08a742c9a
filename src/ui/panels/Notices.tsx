/** What the user should know before anything else: problems in the link, changed settings, warnings of the run. */

import { formatCount } from '../../run/format';
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import { usePage, useSession } from '../state/context';
import type { RunWarning } from '../state/run-view';
import { finishedSteps } from '../state/selectors';
import styles from './Notices.module.css';
import { ChangedNote } from './Settings';

/** A warning stays on screen for this many steps. */
const FRESH_STEPS = 10;

export function Notices() {
  const settingsOpen = usePage((page) => page.looking.settingsOpen);
  return (
    <div className={styles.notices}>
      <LinkIssues />
      {!settingsOpen && <ChangedNote />}
      <Warnings />
    </div>
  );
}

function LinkIssues() {
  const session = useSession();
  const issues = usePage((page) => page.settings.linkIssues);
  if (issues.length === 0) return null;
  return (
    <section className={styles.notice} role="status" data-testid="link-issues">
      <div>
        <p>
          <strong>Parts of the link were not understood</strong> and left at their defaults:
        </p>
        <ul>
          {issues.map((issue) => (
            <li key={`${issue.key} ${issue.message}`}>
              <code>{issue.key}</code>: {issue.message}
            </li>
          ))}
        </ul>
      </div>
      <Button
        weight="quiet"
        icon={<Icon name="close" />}
        aria-label="Dismiss the problems of the link"
        onClick={() => session.dismissLinkIssues()}
      />
    </section>
  );
}

/** The warnings of the last steps, one entry a kind: a kind that goes on is counted rather than repeated. */
function Warnings() {
  const warnings = usePage((page) => page.run.warnings);
  const step = usePage(finishedSteps);
  const kinds = new Map<string, RunWarning[]>();
  for (const warning of warnings)
    if (warning.step >= step - FRESH_STEPS && warning.step <= step)
      kinds.set(warning.code, [...(kinds.get(warning.code) ?? []), warning]);
  if (kinds.size === 0) return null;
  return (
    <section className={styles.notice} role="status" data-testid="warnings">
      <ul>
        {[...kinds].map(([code, all]) => {
          const newest = all[all.length - 1];
          return (
            <li key={code} data-code={code}>
              <strong>
                Step {formatCount(newest.step)}: {newest.message}
              </strong>{' '}
              {newest.remedy}
              {all.length > 1 && ` (${formatCount(all.length)} times in the last ${FRESH_STEPS} steps)`}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
