/**
 * The shaders, every one of them, as they stand in their files: what each computes, its bindings with their shapes, and
 * beside that what this run makes of it, where a step was profiled. The files come when the panel is first on screen.
 */
import { useEffect, useMemo, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { formatCount, formatDuration } from '../../../run/format';
import { Button } from '../../components/Button';
import { Empty } from '../../components/Empty';
import { Panel } from '../../components/Panel';
import type { Table } from '../../components/panel-offers';
import { places } from '../../components/places';
import { usePage } from '../../state/context';
import { fileOf, kernelRows, namedValues, type Profile, profileAt } from '../../views/hood';
import { describeWgsl, tokensOfLine, type WgslFile } from '../../views/wgsl';
import { PHASE_NOTES } from '../StepTime';
import { hoodStore, VIEWER_ID } from './hood-store';
import styles from './Source.module.css';

type Files = ReadonlyMap<string, string>;

export function SourcePanel() {
  const box = useRef<HTMLDivElement>(null);
  const [files, setFiles] = useState<Files | null>(null);
  const [failed, setFailed] = useState(false);
  const [wanted, setWanted] = useState(false);
  const file = useStore(hoodStore, (state) => state.file);
  const profile = usePage((page) => profileAt(page.run.profiles, page.looking.heldStep));

  useEffect(() => {
    const element = box.current;
    if (!element || wanted) return;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) setWanted(true);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [wanted]);

  useEffect(() => {
    if (!wanted || files || failed) return;
    import('./shader-files').then((module) => setFiles(module.SHADER_FILES)).catch(() => setFailed(true));
  }, [wanted, files, failed]);

  const code = files?.get(file) ?? null;
  return (
    <Panel
      name="source"
      title="What runs on the GPU?"
      caption="Every kernel as it stands in shaders/. Before it is compiled, the files that its head names are put before it and the values of its constants are filled in, and nothing else."
      save={{ title: file, table: () => usesTable(file, profile) }}
    >
      <div ref={box}>
        {failed ? (
          <Empty action={<Button onClick={() => setFailed(false)}>Try again</Button>}>
            The files could not be loaded. Check the connection.
          </Empty>
        ) : files === null || code === null ? (
          <p className={styles.loading}>Fetching the shaders…</p>
        ) : (
          <div className={styles.split}>
            <FileList files={files} file={file} profile={profile} />
            <Viewer key={file} file={file} code={code} files={files} profile={profile} />
          </div>
        )}
      </div>
    </Panel>
  );
}

function FileList({ files, file, profile }: { files: Files; file: string; profile: Profile | null }) {
  const rows = useMemo(() => {
    const byFile = (profile?.kernels ?? []).map((each) => ({ ...each, kernel: fileOf(each.kernel) }));
    return new Map(kernelRows(byFile).map((row) => [row.kernel, row]));
  }, [profile]);
  return (
    <nav className={styles.files} aria-label="Shader files">
      <ul>
        {[...files.keys()].map((name) => (
          <li key={name}>
            <button
              type="button"
              data-testid={`file-${name}`}
              aria-current={name === file ? 'true' : undefined}
              onClick={() => hoodStore.setState({ file: name })}
            >
              <span>{name}</span>
              {rows.has(name) && (
                <span className={`number ${styles.took}`} title="Time in the profiled step">
                  {formatDuration(rows.get(name)?.ms)}
                </span>
              )}
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Viewer({
  file,
  code,
  files,
  profile,
}: {
  file: string;
  code: string;
  files: Files;
  profile: Profile | null;
}) {
  const about = useMemo(() => describeWgsl(code, (name) => files.get(name)), [code, files]);
  return (
    <article className={styles.viewer} id={VIEWER_ID} tabIndex={-1} aria-label={`${file}.wgsl`}>
      <h3>{file}.wgsl</h3>
      <p className={styles.head}>{about.head.join('\n')}</p>
      <Facts about={about} />
      <Uses file={file} profile={profile} about={about} />
      <Code code={code} testId="shader-source" />
      {about.parts.map((part) => (
        <details key={part} className={styles.part}>
          <summary>
            Put before it: <code>{part}.wgsl</code>
          </summary>
          <Code code={files.get(part) ?? ''} testId={`part-${part}`} />
        </details>
      ))}
    </article>
  );
}

function Code({ code, testId }: { code: string; testId: string }) {
  const lines = useMemo(() => code.split('\n').map(tokensOfLine), [code]);
  // The line feed at its end begins no line.
  const count = code.endsWith('\n') ? lines.length - 1 : lines.length;
  return (
    <div className={styles.code}>
      {/* Inside of what scrolls, so that the keyboard gets there too. */}
      <CopyButton text={code} />
      <pre data-testid={testId}>
        {places(count).map((i) => (
          <span key={i} className={styles.line} data-line={i + 1}>
            {places(lines[i].length).map((place) => (
              <span key={place} data-kind={lines[i][place].kind}>
                {lines[i][place].text}
              </span>
            ))}
            {'\n'}
          </span>
        ))}
      </pre>
    </div>
  );
}

function CopyButton({ text }: { text: string }) {
  const [said, setSaid] = useState('Copy the file');
  const copy = () =>
    navigator.clipboard
      .writeText(text)
      .then(() => setSaid('Copied'))
      .catch(() => setSaid('The browser refused: select and copy'));
  return (
    <Button weight="quiet" className={styles.copy} onClick={copy}>
      {said}
    </Button>
  );
}

function Facts({ about }: { about: WgslFile }) {
  if (about.bindings.length === 0) return null;
  return (
    <div>
      <table className={styles.table}>
        <caption>
          {about.entry}, in workgroups of {about.workgroup?.replaceAll(', ', ' × ')}
        </caption>
        <thead>
          <tr>
            <th scope="col">Binding</th>
            <th scope="col">Access</th>
            <th scope="col">Type</th>
            <th scope="col">Shape</th>
          </tr>
        </thead>
        <tbody>
          {about.bindings.map(({ index, name, access, type, note }) => (
            <tr key={index}>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td data-label="access">{access.replace('_', ' and ')}</td>
              <td data-label="type">
                <code>{type}</code>
              </td>
              <td className={styles.shape} data-label="shape">
                {note}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const usesOf = (file: string, profile: Profile | null) =>
  profile?.kernels.filter(({ kernel }) => fileOf(kernel) === file) ?? [];

/** In what shapes this run uses it: of the profiled step. */
function Uses({ file, profile, about }: { file: string; profile: Profile | null; about: WgslFile }) {
  const uses = usesOf(file, profile);
  if (about.entry === null)
    return <p className={styles.note}>Functions for other files: it is put before them, and is no kernel.</p>;
  if (!profile)
    return (
      <p className={styles.note}>
        {about.constants.length > 0 &&
          `Constants: ${about.constants.map(({ name, value }) => `${name} = ${value}`).join(', ')}. `}
        Profile a step to see its shapes, constants and dispatches in this run.
      </p>
    );
  if (uses.length === 0)
    return <p className={styles.note}>Not dispatched in step {formatCount(profile.step)}.</p>;
  return (
    <div>
      <table className={styles.table} data-testid="kernel-uses">
        <caption>In step {formatCount(profile.step)} of this run</caption>
        <thead>
          <tr>
            <th scope="col">Phase</th>
            <th scope="col">Shape</th>
            <th scope="col">Constants</th>
            <th scope="col">Calls</th>
            <th scope="col">Workgroups</th>
            <th scope="col">Time</th>
          </tr>
        </thead>
        <tbody>
          {uses.map((use) => (
            <tr key={`${use.kernel} ${use.phase} ${namedValues(use.shape)} ${namedValues(use.constants)}`}>
              <th scope="row">
                {PHASE_NOTES[use.phase].label}
                {use.kernel !== file && ', weights in halves'}
              </th>
              <td className={styles.shape} data-label="shape">
                {namedValues(use.shape) || 'by the rows'}
              </td>
              <td className={styles.shape} data-label="constants">
                {namedValues(use.constants) || 'none'}
              </td>
              <td className="number" data-label="calls">
                {formatCount(use.calls)}
              </td>
              <td className="number" data-label="workgroups">
                {formatCount(use.workgroups)}
              </td>
              <td className="number" data-label="time">
                {formatDuration(use.device_ms)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const usesTable = (file: string, profile: Profile | null): Table => ({
  columns: ['step', 'phase', 'kernel', 'shape', 'constants', 'calls', 'workgroups', 'device_ms'],
  rows: usesOf(file, profile).map((use) => [
    profile?.step ?? null,
    use.phase,
    use.kernel,
    namedValues(use.shape),
    namedValues(use.constants),
    use.calls,
    use.workgroups,
    use.device_ms,
  ]),
});
