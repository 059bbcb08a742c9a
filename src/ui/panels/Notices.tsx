/** What the user should know before anything else: problems in the link, changed settings, warnings of the run. */

import { formatCount } from '../../run/format';
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import { usePage, useSession } from '../state/context';
import styles from './Notices.module.css';
import { ChangedNote } from './Settings';

const SHOWN_WARNINGS = 3;

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

function Warnings() {
  const warnings = usePage((page) => page.run.warnings);
  if (warnings.length === 0) return null;
  const newest = warnings.slice(-SHOWN_WARNINGS).reverse();
  return (
    <section className={styles.notice} role="status" data-testid="warnings">
      <ul>
        {newest.map((warning) => (
          <li key={`${warning.step} ${warning.code}`} data-code={warning.code}>
            <strong>
              Step {formatCount(warning.step)}: {warning.message}
            </strong>{' '}
            {warning.remedy}
          </li>
        ))}
        {warnings.length > newest.length && (
          <li>and {formatCount(warnings.length - newest.length)} earlier warnings</li>
        )}
      </ul>
    </section>
  );
}
