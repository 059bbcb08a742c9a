import { describe, expect, test } from 'vitest';
import type { ModelsCommand, ShelvedModel } from '../../lab/models-protocol';
import { DEFAULT_MANIFEST } from '../../run/manifest';
import { settingsOf } from '../state/settings';
import { createPageStore } from '../state/store';
import { ModelsDesk } from './desk';
import { isModel, modelOf } from './files';

function openDesk() {
  const store = createPageStore(settingsOf(DEFAULT_MANIFEST));
  const sent: ModelsCommand[] = [];
  const chosen: string[] = [];
  const desk = new ModelsDesk(
    store,
    (ask) => sent.push(ask),
    (model) => chosen.push(model),
  );
  return { desk, sent, chosen, models: () => store.getState().models };
}

const inFolder = (path: string): File => {
  const file = new File(['x'], path.split('/').at(-1)!);
  return Object.defineProperty(file, 'webkitRelativePath', { value: path });
};

describe('opening a model', () => {
  const files = [new File(['{}'], 'config.json'), new File(['weights'], 'tiny.safetensors')];

  test('sends its files, one model at a time, and shows how far it has come', () => {
    const { desk, sent, models } = openDesk();
    desk.open(modelOf(files));
    expect(sent).toEqual([
      { do: 'open', named: 'tiny', files: files.map((file) => ({ name: file.name, file })) },
    ]);
    expect(models()).toMatchObject({ open: true, reading: { named: 'tiny', done: 0, total: 9 } });
    desk.open(modelOf(files));
    expect(sent).toHaveLength(1);
    desk.heard({ what: 'reading', done: 12, total: 27 });
    expect(models().reading).toEqual({ named: 'tiny', done: 12, total: 27 });
    desk.cancel();
    expect(sent.at(-1)).toEqual({ do: 'cancel' });
    desk.heard({ what: 'cancelled' });
    expect(models()).toMatchObject({ reading: null, trouble: null, opened: null });
  });

  test('says what was wrong with it until the next one', () => {
    const { desk, models } = openDesk();
    desk.open(modelOf(files));
    desk.heard({ what: 'trouble', message: 'config.json: expected JSON' });
    expect(models()).toMatchObject({ reading: null, trouble: 'config.json: expected JSON' });
    desk.open(modelOf(files));
    expect(models().trouble).toBeNull();
    desk.heard({ what: 'opened', model: { model: 'opened/tiny-0a' } as ShelvedModel });
    expect(models()).toMatchObject({ reading: null, opened: 'opened/tiny-0a' });
  });

  test('and using it puts its name into the form', () => {
    const { desk, chosen, models } = openDesk();
    desk.show(true);
    desk.use('opened/tiny-0a');
    expect(chosen).toEqual(['opened/tiny-0a']);
    expect(models().open).toBe(false);
  });
});

describe('chosen files', () => {
  test('are a model by what only models have', () => {
    expect(isModel([new File([], 'events.jsonl')])).toBe(false);
    expect(isModel([new File([], 'run.zip')])).toBe(false);
    expect(isModel([new File([], 'notes.txt'), new File([], 'config.json')])).toBe(true);
    expect(isModel([new File([], 'a.safetensors')])).toBe(true);
  });

  test('of a folder are those directly in it, and it names the model', () => {
    const files = ['llama/config.json', 'llama/onnx/config.json', 'llama/model.safetensors'].map(inFolder);
    const { named, files: direct } = modelOf(files);
    expect(named).toBe('llama');
    expect(direct.map(({ webkitRelativePath }) => webkitRelativePath)).toEqual([
      'llama/config.json',
      'llama/model.safetensors',
    ]);
    expect(modelOf([]).named).toBe('model');
  });
});
