/** The paper's claims held against the arms by `lab compare`'s own rules, and what to know of the figures. */
import type { Claim } from '../../lab/race/report';
import { Panel } from '../components/Panel';
import styles from './Race.module.css';
import type { RaceView } from './state';

export function Claims({ race }: { race: RaceView }) {
  const comparison = race.report?.comparison;
  if (!comparison || race.report?.provisional) return null;
  const { claims, notes } = comparison;
  return (
    <Panel
      name="race-claims"
      title="The paper’s claims"
      caption="Reproduced: the whole 95% interval over seeds is on the claim’s side. Contradicted: on the other. Not shown: neither, or fewer than three seeds."
    >
      <ul className={styles.claims}>
        {claims.map((claim) => (
          <Held key={`${claim.arm} ${claim.claim}`} claim={claim} />
        ))}
      </ul>
      {notes.length > 0 && (
        <>
          <h3 className={styles.heading}>To be kept in mind</h3>
          <ul className={styles.notes}>
            {notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}

function Held({ claim: { arm, claim, verdict, evidence } }: { claim: Claim }) {
  return (
    <li>
      <span className={styles.verdict} data-verdict={verdict}>
        {verdict}
      </span>{' '}
      <strong>{arm}</strong> {claim}. <span className={styles.evidence}>{evidence}.</span>
    </li>
  );
}
