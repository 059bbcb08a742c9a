/** An arm's name with its line and mark: the legend of every picture of a race. */
import { armStyle, MARKS } from './arm-style';
import styles from './Race.module.css';

export function ArmKey({ name, place }: { name: string; place: number }) {
  const { colour, dash, mark } = armStyle(place);
  return (
    <span className={styles.key}>
      <svg width={30} height={12} viewBox="0 0 30 12" aria-hidden="true">
        <line
          x1={1}
          x2={29}
          y1={6}
          y2={6}
          stroke={`var(--${colour})`}
          strokeWidth={2}
          strokeDasharray={dash}
        />
        <path d={MARKS[mark]} transform="translate(15 6)" fill={`var(--${colour})`} />
      </svg>
      {name}
    </span>
  );
}
