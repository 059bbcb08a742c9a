/** The chosen quantity along the row as bars, to be read by height rather than by shade, with the clip's bounds. */
import { type PointerEvent, useCallback } from 'react';
import { formatNumber } from '../../../run/format';
import { Picture } from '../../components/Picture';
import { places } from '../../components/places';
import { type Looked, useInspector } from '../../inspector/hooks';
import { usePage, useSession } from '../../state/context';
import { shownManifest, shownTask } from '../../state/selectors';
import { tokenText } from '../../state/wording';
import { isClipped } from '../../views/inspector';
import styles from './Inspector.module.css';
import { useQuantity, useValues } from './TokenStrip';

const HEIGHT = 118;
const MARGIN = { left: 44, right: 4, top: 8, bottom: 18 };

export function Profile({ looked }: { looked: Looked }) {
  const session = useSession();
  const position = useInspector((state) => state.position);
  const manifest = usePage(shownManifest);
  const task = usePage(shownTask);
  const quantity = useQuantity(looked);
  const values = useValues(looked);
  const { numbers, rollout } = looked;
  const bounds =
    quantity.key === 'ratio' && manifest.importance_sampling_level === 'token'
      ? [1 - manifest.epsilon, 1 + manifest.epsilon_high]
      : [];
  const known = values.filter((value) => value !== null);
  const label = `${quantity.label} of ${known.length} tokens, from ${quantity.text(Math.min(...known))} to ${quantity.text(Math.max(...known))}`;
  const table = useCallback(
    () => ({
      columns: ['position', 'text', quantity.key],
      rows: values.map((value, at) => [at, tokenText(task, numbers[at].token), value]),
    }),
    [quantity.key, values, numbers, task],
  );
  return (
    <Picture
      name="inspector-profile"
      title={`${quantity.label}, along the rollout`}
      label={known.length > 0 ? label : `${quantity.label}: no values`}
      height={() => HEIGHT}
      table={table}
    >
      {(width, height) => {
        const slot = (width - MARGIN.left - MARGIN.right) / Math.max(1, numbers.length);
        const [top, bottom] = [MARGIN.top, height - MARGIN.bottom];
        // Downwards from 0 for what is negative by nature, both ways where zero is in the middle.
        const y = (amount: number) =>
          quantity.diverging
            ? (top + bottom) / 2 - (amount * (bottom - top)) / 2
            : bottom - amount * (bottom - top);
        const choose = (event: PointerEvent<SVGRectElement>) => {
          const from = event.currentTarget.getBoundingClientRect().left;
          const at = Math.floor((event.clientX - from) / slot);
          if (at >= 0 && at < numbers.length) session.inspector.choose(at);
        };
        return (
          <g className={styles.profile}>
            {quantity.legend.map(({ amount, label: text }) => (
              <g key={text}>
                <line x1={MARGIN.left} x2={width - MARGIN.right} y1={y(amount)} y2={y(amount)} />
                <text x={MARGIN.left - 5} y={y(amount)} dominantBaseline="middle" textAnchor="end">
                  {text.replace(/ .*/, '')}
                </text>
              </g>
            ))}
            <text x={MARGIN.left} y={height - 4}>
              prompt
            </text>
            <text x={MARGIN.left + slot * rollout.prompt.length} y={height - 4}>
              rollout
            </text>
            {places(values.length).map((at) => {
              const value = values[at];
              if (value === null) return null;
              const amount = quantity.amount(value);
              const [from, to] = [y(0), y(amount)];
              const { clip } = numbers[at];
              return (
                <rect
                  key={at}
                  data-testid="profile-bar"
                  data-position={at}
                  data-value={value}
                  data-sign={quantity.diverging ? Math.sign(amount) : 0}
                  data-clipped={clip !== null && isClipped(clip)}
                  x={MARGIN.left + at * slot + slot * 0.1}
                  width={Math.max(0.8, slot * 0.8)}
                  y={Math.min(from, to)}
                  height={Math.max(0.8, Math.abs(to - from))}
                />
              );
            })}
            {bounds.map((bound) => (
              <g key={bound} data-bound={bound}>
                <line
                  className={styles.bound}
                  x1={MARGIN.left}
                  x2={width - MARGIN.right}
                  y1={y(quantity.amount(bound))}
                  y2={y(quantity.amount(bound))}
                />
                {/* Over the prompt, where no ratio stands in its way. */}
                <text x={MARGIN.left + 3} y={y(quantity.amount(bound)) - 3}>
                  clip {formatNumber(bound)}
                </text>
              </g>
            ))}
            <rect
              className={styles.cursor}
              x={MARGIN.left + position * slot}
              width={Math.max(1.5, slot)}
              y={top}
              height={bottom - top}
            />
            <rect
              className={styles.hit}
              x={MARGIN.left}
              width={Math.max(0, width - MARGIN.left - MARGIN.right)}
              y={0}
              height={height}
              onPointerDown={choose}
            />
          </g>
        );
      }}
    </Picture>
  );
}
