/** Models from elsewhere: opens one from its files, shows how it is asked, and puts it into the form for the next run. */
import { Dialog } from 'radix-ui';
import { type ChangeEvent, useRef } from 'react';
import type { ShelvedModel } from '../../lab/models-protocol';
import { formatBytes, formatCount } from '../../run/format';
import { Button } from '../components/Button';
import overlay from '../components/Overlay.module.css';
import { ProgressBar } from '../components/ProgressBar';
import { usePage, useSession } from '../state/context';
import { modelOf } from './files';
import styles from './Models.module.css';

export function ModelsDialog() {
  const session = useSession();
  const open = usePage((page) => page.models.open);
  return (
    <Dialog.Root open={open} onOpenChange={(now) => session.models.show(now)}>
      <Dialog.Portal>
        <Dialog.Overlay className={overlay.shade} />
        <Dialog.Content className={`${overlay.dialog} ${overlay.wide}`} data-testid="models">
          <Dialog.Title className={overlay.title}>Models from elsewhere</Dialog.Title>
          <Dialog.Description className={overlay.text}>
            Any small <code>LlamaForCausalLM</code>: choose its config.json, its .safetensors files and its
            tokenizer.json, or the folder they are in; or drop them on the page. Nothing is uploaded, and a
            run on screen goes on.
          </Dialog.Description>
          <Choose />
          <Outcome />
          <Shelf />
          <div className={overlay.actions}>
            <Dialog.Close asChild>
              <Button>Close</Button>
            </Dialog.Close>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Choose() {
  const session = useSession();
  const busy = usePage((page) => page.models.reading !== null);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const chosen = (event: ChangeEvent<HTMLInputElement>) => {
    const list = [...(event.target.files ?? [])];
    event.target.value = '';
    if (list.length > 0) session.models.open(modelOf(list));
  };
  return (
    <div className={styles.choose}>
      <Button weight="primary" disabled={busy} onClick={() => files.current?.click()}>
        Choose files…
      </Button>
      <Button disabled={busy} onClick={() => folder.current?.click()}>
        Choose a folder…
      </Button>
      <input
        ref={files}
        className="visually-hidden"
        type="file"
        multiple
        accept=".json,.safetensors"
        aria-label="Files of a model"
        tabIndex={-1}
        data-testid="model-files"
        onChange={chosen}
      />
      <input
        ref={(input) => {
          folder.current = input;
          // React knows no such attribute for inputs.
          input?.setAttribute('webkitdirectory', '');
        }}
        className="visually-hidden"
        type="file"
        aria-label="Folder of a model"
        tabIndex={-1}
        data-testid="model-folder"
        onChange={chosen}
      />
    </div>
  );
}

function Outcome() {
  const session = useSession();
  const reading = usePage((page) => page.models.reading);
  const trouble = usePage((page) => page.models.trouble);
  const opened = usePage((page) => page.models.opened);
  if (reading)
    return (
      <div className={styles.reading} data-testid="model-reading">
        <ProgressBar
          progress={{
            task: 'model',
            label: `Reading and checking ${reading.named}`,
            done: reading.done,
            total: reading.total,
            unit: 'bytes',
          }}
        />
        <Button onClick={() => session.models.cancel()}>Cancel</Button>
      </div>
    );
  if (trouble)
    return (
      <p className={styles.trouble} role="alert" data-testid="model-trouble">
        {trouble}
      </p>
    );
  return opened ? (
    <p role="status" data-testid="model-opened">
      {shortName(opened)} was opened.
    </p>
  ) : null;
}

function Shelf() {
  const list = usePage((page) => page.models.list);
  if (!list || list.length === 0) return null;
  return (
    <ul className={styles.shelf} aria-label="Opened models">
      {list.map((model) => (
        <Item key={model.model} model={model} />
      ))}
    </ul>
  );
}

const shortName = (model: string): string => model.slice(model.indexOf('/') + 1);

function Item({ model }: { model: ShelvedModel }) {
  const session = useSession();
  const chosen = usePage((page) => page.settings.draft.model === model.model);
  const asks = model.speaks !== 'the task’s own tokens';
  return (
    <li className={styles.item} data-testid="shelved-model">
      <div className={styles.head}>
        <strong>{shortName(model.model)}</strong>
        <span className="number">
          {formatCount(model.parameters)} parameters · {formatCount(model.tokens)} tokens ·{' '}
          {formatBytes(model.bytes)}
        </span>
      </div>
      <p className={styles.asked}>
        Asked in {model.speaks}, in up to {formatCount(model.longestPrompt)} tokens:
      </p>
      <pre className={styles.example}>{model.example}</pre>
      {asks && (
        <p className={styles.note}>
          Its answers are verified as any others; it cannot be asked for predictions, so choose a preset
          without MASA.
        </p>
      )}
      {!model.kept && (
        <p className={styles.note}>
          Not kept: this browser has no room, so it stays until the page is closed.
        </p>
      )}
      <div className={styles.row}>
        <Button weight={chosen ? 'plain' : 'primary'} onClick={() => session.models.use(model.model)}>
          {chosen ? 'Is the base model' : 'Use as base model'}
        </Button>
        <Button weight="quiet" onClick={() => session.models.delete(model.model)}>
          Delete
        </Button>
      </div>
    </li>
  );
}
