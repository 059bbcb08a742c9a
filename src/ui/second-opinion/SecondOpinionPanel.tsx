/**
 * "A second opinion": the policy evaluated by ONNX Runtime on the problems that the run evaluates itself on, beside the
 * run's own result; and the policy saved in the formats of others. Used by the page.
 */
import { useState } from 'react';
import type { PageExport } from '../../lab/second-opinion/protocol';
import { formatCount } from '../../run/format';
import { getTask } from '../../tasks';
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import { Panel } from '../components/Panel';
import { Picker } from '../panels/Picker';
import { useSession } from '../state/context';
import { Evaluations } from './Evaluations';
import { Going } from './Going';
import { useOpinion, useSources } from './hooks';
import { PolicyChoice, RuntimeNote } from './PolicyChoice';
import styles from './SecondOpinion.module.css';
import { hasAdapter, manifestOfSource } from './sources';

export function SecondOpinionPanel() {
  return (
    <Panel
      name="second-opinion"
      title="A second opinion"
      caption="The same weights in ONNX Runtime, another engine by other people: evaluated beside training on the run’s own held-out problems, and saved to be used elsewhere."
    >
      <Asking />
      <Going kinds={['evaluate']} />
      <Evaluations />
      <Saving />
    </Panel>
  );
}

function Asking() {
  const { opinion } = useSession();
  const { source } = useSources();
  const busy = useOpinion((state) => state.busy?.kind ?? null);
  const manifest = manifestOfSource(source);
  const { suites } = getTask(manifest.task);
  const [chosen, setChosen] = useState('');
  const [greedy, setGreedy] = useState(false);
  const suite = suites.find(({ name }) => name === chosen) ?? suites[0];
  return (
    <div className={styles.asking}>
      <div className={styles.choice}>
        <PolicyChoice name="opinion" />
        <Picker
          label="Held-out problems"
          testId="opinion-suite"
          value={suite.name}
          options={suites.map(({ name, label }) => ({ value: name, label, group: '' }))}
          groups={{}}
          onChange={setChosen}
        />
        <label className={styles.field}>
          <input
            type="checkbox"
            data-testid="opinion-greedy"
            checked={greedy}
            onChange={(event) => setGreedy(event.target.checked)}
          />
          Greedy
        </label>
        {busy === 'evaluate' ? (
          <Button icon={<Icon name="stop" />} data-testid="opinion-stop" onClick={() => opinion.stop()}>
            Stop
          </Button>
        ) : (
          <Button
            weight="primary"
            data-testid="opinion-run"
            disabled={busy !== null}
            onClick={() => opinion.evaluate({ suite: suite.name, temperature: greedy ? 0 : 1 })}
          >
            Evaluate
          </Button>
        )}
      </div>
      <p className={styles.hint}>
        {source.kind === 'shipped'
          ? 'On the problems its run was evaluated on.'
          : `${formatCount(manifest.eval_problems)} problems, ${manifest.eval_samples === 1 ? 'an answer' : `${manifest.eval_samples} answers`} each: those the run evaluates itself on, with the same random numbers.`}{' '}
        {greedy && 'Greedy answers have no counterpart in the run: its own are sampled.'}
        {busy === 'attempt' && 'ONNX Runtime is busy with the try above.'}
      </p>
      <RuntimeNote />
    </div>
  );
}

const FORMATS: readonly { format: PageExport; label: string }[] = [
  { format: 'onnx', label: 'ONNX' },
  { format: 'hf', label: 'Hugging Face model' },
  { format: 'adapter', label: 'Meta adapter (PEFT)' },
];

/** Needs no runtime: the files are made by the lab itself, as the command line makes them. */
function Saving() {
  const { opinion } = useSession();
  const { source } = useSources();
  const busy = useOpinion((state) => state.busy !== null);
  const exported = useOpinion((state) => state.exported);
  return (
    <div className={styles.saving}>
      <h3 className={styles.heading}>Save the policy</h3>
      <div className={styles.choice}>
        {FORMATS.filter(({ format }) => format !== 'adapter' || hasAdapter(source)).map(
          ({ format, label }) => (
            <Button
              key={format}
              disabled={busy}
              data-testid={`export-${format}`}
              onClick={() => opinion.export(format)}
            >
              {label}
            </Button>
          ),
        )}
      </div>
      <p className={styles.hint} role="status">
        {exported === null
          ? `Of ${source.label}, as one archive; the same files as lab export writes.`
          : `Saved as ${exported}.`}
      </p>
      <Going kinds={['export']} />
    </div>
  );
}
