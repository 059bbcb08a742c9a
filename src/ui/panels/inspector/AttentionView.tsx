/**
 * Where a head looked: for every token of the rollout the weights over the tokens before it, as a map; for the chosen
 * one as a list. A row is where a token was predicted, a column a token that was looked at.
 */
import { type PointerEvent, useEffect, useMemo, useRef } from 'react';
import { formatCount, formatPercent } from '../../../run/format';
import { Button } from '../../components/Button';
import { Explain } from '../../components/Explain';
import { useOffer } from '../../components/panel-offers';
import { places } from '../../components/places';
import { useWidth } from '../../components/useWidth';
import type { Answer } from '../../inspector/desk';
import { type Looked, useAttention, useInspector } from '../../inspector/hooks';
import { usePage, useSession, useTheme } from '../../state/context';
import { shownTask } from '../../state/selectors';
import { tokenText } from '../../state/wording';
import { PALETTE } from '../../theme/palette';
import { attentionAt, attentionTable, heaviest } from '../../views/inspector';
import { QUANTITIES } from '../../views/inspector-quantities';
import { Picker } from '../Picker';
import styles from './Inspector.module.css';

const LARGEST = 400;
const NAMED = 8;

interface Props {
  looked: Looked;
  answer: Answer;
}

export function AttentionView({ looked, answer }: Props) {
  const { definition, formula, source } = QUANTITIES.attention;
  return (
    <section className={styles.attention} aria-label="Attention">
      <h4>
        <Explain label="Attention" definition={definition} formula={formula}>
          <p>Computed in {source}.</p>
        </Explain>
      </h4>
      <div className={styles.bar}>
        <Choice what="layer" count={answer.layers} />
        <Choice what="head" count={answer.heads} />
      </div>
      <div className={styles.looked}>
        <AttentionMap looked={looked} answer={answer} />
        <Heaviest looked={looked} answer={answer} />
      </div>
    </section>
  );
}

function Choice({ what, count }: { what: 'layer' | 'head'; count: number }) {
  const { inspector } = useSession();
  const value = useInspector((state) => state[what]);
  const name = what === 'layer' ? 'Layer' : 'Head';
  return (
    <Picker
      label={name}
      testId={`inspector-${what}`}
      value={String(value)}
      options={places(count).map((each) => ({
        value: String(each),
        label: `${name} ${each + 1} of ${count}`,
        group: '',
      }))}
      groups={{}}
      onChange={(next) => inspector.look({ [what]: Number(next) })}
    />
  );
}

/** The tokens that were looked at most where the chosen one was predicted. */
function Heaviest({ looked, answer }: Props) {
  const { inspector } = useSession();
  const position = useInspector((state) => state.position);
  const task = usePage(shownTask);
  const weights = useAttention(looked);
  const text = (at: number) => tokenText(task, looked.numbers[at].token);
  if (weights.length === 0)
    return <p className={styles.note}>Nothing comes before the first token to look back at.</p>;
  const found = heaviest(weights, NAMED);
  const rest = 1 - found.reduce((sum, { weight }) => sum + weight, 0);
  return (
    <div>
      <p className={styles.words}>
        Where token {formatCount(position + 1)} (<code>{text(position)}</code>) was predicted, head{' '}
        {answer.head + 1} of layer {answer.layer + 1} looked at
      </p>
      <ol className={styles.alternatives}>
        {found.map(({ position: at, weight }) => (
          <li key={at} data-testid="attended" data-position={at} data-weight={weight}>
            <span className={styles.word}>
              {text(at)} <span className={styles.place}>{at + 1}</span>
            </span>
            <span className={styles.track} aria-hidden="true">
              <i style={{ width: `${100 * weight}%` }} />
            </span>
            <span className="number">{formatPercent(weight)}</span>
          </li>
        ))}
      </ol>
      <p className={`${styles.note} number`}>
        Each with its place in the row.{' '}
        {weights.length > NAMED && `All others together: ${formatPercent(Math.max(0, rest))}.`}
      </p>
      <Button onClick={() => inspector.look({ quantity: 'attention' })}>Colour the tokens by it</Button>
    </div>
  );
}

/** Red, green and blue of a colour of the palette, 0-255. */
const channels = (colour: string): number[] =>
  [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));

function AttentionMap({ looked, answer }: Props) {
  const { inspector } = useSession();
  const { theme } = useTheme();
  const position = useInspector((state) => state.position);
  const [box, width] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const { length } = looked.numbers;
  const rows = length - 1;
  const side = Math.min(width, LARGEST);
  useOffer(
    useMemo(
      () => ({
        title: `Attention of head ${answer.head + 1} in layer ${answer.layer + 1}`,
        table: () => attentionTable(length, answer.seen, answer.layer, answer.head),
        picture: () => canvas.current,
      }),
      [answer, length],
    ),
  );
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || side === 0 || rows < 1) return;
    const pixels = Math.round(side * devicePixelRatio);
    context.canvas.width = pixels;
    context.canvas.height = pixels;
    const colours = PALETTE[theme];
    const [none, full] = [channels(colours.sunken), channels(colours.accent)];
    const image = new ImageData(rows, rows);
    for (let row = 0; row < rows; row++) {
      const weights = attentionAt(row + 1, length, answer.seen);
      for (let column = 0; column < weights.length; column++) {
        const amount = QUANTITIES.attention.amount(weights[column]);
        const mixed = none.map((from, i) => from + amount * (full[i] - from));
        image.data.set([...mixed, 255], (row * rows + column) * 4);
      }
    }
    const small = new OffscreenCanvas(rows, rows);
    small.getContext('2d')?.putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, pixels, pixels);
    if (position > 0) {
      const cell = pixels / rows;
      context.strokeStyle = colours.ink;
      context.lineWidth = Math.max(1, devicePixelRatio);
      context.strokeRect(0.5, (position - 1) * cell, position * cell, Math.max(cell, 2));
    }
  }, [answer, length, rows, side, theme, position]);
  const choose = (event: PointerEvent<HTMLCanvasElement>) => {
    const { top, height } = event.currentTarget.getBoundingClientRect();
    const row = Math.floor(((event.clientY - top) / height) * rows);
    inspector.choose(Math.min(rows, Math.max(1, row + 1)));
  };
  return (
    <div ref={box}>
      {side > 0 && (
        <canvas
          ref={canvas}
          role="img"
          className={styles.map}
          style={{ width: side, height: side }}
          data-testid="attention-map"
          data-layer={answer.layer}
          data-head={answer.head}
          aria-label={`Attention of head ${answer.head + 1} in layer ${answer.layer + 1}: ${formatCount(rows)} rows, one where each token was predicted, over the tokens before it. The heaviest of the chosen row are listed beside it; all weights are in the panel’s data.`}
          onPointerDown={choose}
        />
      )}
      <p className={styles.note}>
        Rows: where each token was predicted. Columns: the tokens it looked at. The outlined row is the chosen
        token’s.
      </p>
    </div>
  );
}
