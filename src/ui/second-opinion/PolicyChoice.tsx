/**
 * Which policy, and where ONNX Runtime computes; with what the runtime weighs before it is fetched. Used by the panels
 * of the second opinion, which share one choice.
 */
import { useEffect } from 'react';
import type { LabState } from '../../lab/protocol';
import type { OrtEngine } from '../../lab/second-opinion/ort-policy';
import { RUNTIME_BYTES } from '../../lab/second-opinion/runtime-files';
import { formatBytes } from '../../run/format';
import { Picker } from '../panels/Picker';
import { usePage, useSession } from '../state/context';
import { useOpinion, useSources } from './hooks';
import styles from './SecondOpinion.module.css';

const ENGINES: readonly { value: OrtEngine; label: string; group: string }[] = [
  { value: 'wasm', label: 'WebAssembly', group: '' },
  { value: 'webgpu', label: 'WebGPU', group: '' },
];

const RESTING: ReadonlySet<LabState> = new Set(['paused', 'finished', 'failed']);

const hasGpu = typeof navigator !== 'undefined' && 'gpu' in navigator && navigator.gpu !== undefined;

/** The two lists, for a row of controls. @param name of the panel, for tests: both have one. */
export function PolicyChoice({ name }: { name: string }) {
  const { opinion, runs } = useSession();
  const { value, options } = useSources();
  const resting = usePage((page) => RESTING.has(page.lab.state));
  // The worker tells of kept runs when it is asked; after a stretch of training there are new steps to choose.
  useEffect(() => {
    if (resting) runs.refresh();
  }, [resting, runs]);
  const engine = useOpinion((state) => state.engine);
  const groups = Object.fromEntries(options.map(({ group }) => [group, group]));
  return (
    <>
      <Picker
        label="Policy"
        testId={`${name}-policy`}
        value={value}
        options={options}
        groups={groups}
        onChange={(chosen) => opinion.choose(chosen)}
      />
      {hasGpu && (
        <Picker
          label="ONNX Runtime computes by"
          testId={`${name}-engine`}
          value={engine}
          options={ENGINES}
          groups={{}}
          onChange={(chosen) => opinion.chooseEngine(chosen === 'webgpu' ? 'webgpu' : 'wasm')}
        />
      )}
    </>
  );
}

/** What it takes to begin, where something has to be fetched first. */
export function RuntimeNote() {
  const engine = useOpinion((state) => state.engine);
  const ready = useOpinion((state) => state.ready.includes(state.engine));
  const shares = engine === 'webgpu' ? ' It takes turns with training on the GPU.' : '';
  return (
    <p className={styles.hint}>
      {ready
        ? 'ONNX Runtime is loaded.'
        : `The first time, ONNX Runtime is fetched from this site: ${formatBytes(RUNTIME_BYTES[engine])}.`}
      {shares}
    </p>
  );
}
