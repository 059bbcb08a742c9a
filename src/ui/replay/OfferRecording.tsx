/** Offers recorded runs: those that come with the lab, or a file. It needs no GPU. */
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import { useSession } from '../state/context';
import { EXAMPLE_RECORDING, openAddress, SHIPPED_RECORDINGS } from './address';
import { useChooseRecording } from './choose';
import styles from './Replay.module.css';

/** @param quiet beside a button that matters more. */
export function OfferRecording({ quiet = false }: { quiet?: boolean }) {
  const session = useSession();
  const choose = useChooseRecording();
  return (
    <div className={styles.offer} data-testid="offer-recording">
      {!quiet && (
        <>
          <p>A run that was recorded elsewhere needs no GPU. All panels show it as if it were live.</p>
          <ul className={styles.shipped}>
            {SHIPPED_RECORDINGS.map(({ address, label, summary }) => (
              <li key={address}>
                <Button icon={<Icon name="run" />} onClick={() => openAddress(session, address)}>
                  Watch {label}
                </Button>
                <span>{summary}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      <div className={styles.choices}>
        {quiet && (
          <Button
            weight="quiet"
            icon={<Icon name="run" />}
            onClick={() => openAddress(session, EXAMPLE_RECORDING)}
          >
            Watch a recorded run
          </Button>
        )}
        <Button weight="quiet" icon={<Icon name="file" />} onClick={choose}>
          Open a recording
        </Button>
      </div>
    </div>
  );
}
