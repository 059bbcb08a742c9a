import { describe, expect, test } from 'vitest';
import type { ModelsNews } from '../models-protocol';
import { byteModel, type NamedFile, OWN, reorderedModel } from '../testing/foreign-model';
import { ModelShelf } from './model-shelf';

/** A shelf in a browser that keeps nothing: models stay for as long as the page. */
function openShelf() {
  const news: ModelsNews[] = [];
  const shelf = new ModelShelf(
    (each) => news.push(each),
    () => Promise.reject(new Error('nothing is kept')),
    (error) => (error as Error).message,
  );
  const open = (files: readonly NamedFile[], named = 'a model!') =>
    shelf.obey({
      do: 'open',
      named,
      files: files.map(({ name, bytes }) => ({ name, file: new Blob([bytes.slice()]) })),
    });
  return {
    shelf,
    news,
    open,
    last: () => news.findLast((each) => each.what !== 'list' && each.what !== 'reading'),
  };
}

describe('a model from elsewhere', () => {
  test('is opened under its name and a digest of its files, with how it is asked', async () => {
    const { shelf, news, open, last } = openShelf();
    await open([...byteModel(), { name: 'README.md', bytes: new Uint8Array(3) }]);
    const opened = last();
    expect(opened).toMatchObject({ what: 'opened', model: { speaks: 'plain text', kept: false } });
    if (opened?.what !== 'opened') throw new Error('expected an opened model');
    expect(opened.model.model).toMatch(/^opened\/a-model-[0-9a-f]{8}$/);
    expect(opened.model.example).toMatch(/^<s>\d\d, then [\s\S]*Work from left to right/);
    const progress = news.filter((each) => each.what === 'reading').map(({ done, total }) => done / total);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    const files = await shelf.sources(opened.model.model);
    expect(files.map(({ name }) => name)).not.toContain('README.md');
    expect(news.at(-1)).toEqual({ what: 'list', models: [opened.model] });

    await open(byteModel());
    expect(news.at(-1)).toMatchObject({ models: [{ model: opened.model.model }] });
    await open(reorderedModel(), 'other');
    expect(last()).toMatchObject({ model: { speaks: 'its own words', tokens: OWN.tableSize } });
    const elsewhere = opened.model.model.replace('a-model', 'my-copy');
    expect(await shelf.sources(elsewhere)).toHaveLength(files.length);
    await shelf.obey({ do: 'delete', model: opened.model.model });
    await expect(shelf.sources(opened.model.model)).rejects.toThrow(/expected a model that was opened/);
  });

  test('that is wrong leaves nothing, and neither does one that is cancelled', async () => {
    const { shelf, news, open, last } = openShelf();
    await open(byteModel().filter(({ name }) => name !== 'config.json'));
    expect(last()).toMatchObject({
      what: 'trouble',
      message: expect.stringMatching(/expected config\.json/),
    });
    await open([...byteModel(), ...byteModel()]);
    expect(last()).toMatchObject({ message: expect.stringMatching(/expected once, got it twice/) });
    const opening = open(byteModel());
    await shelf.obey({ do: 'cancel' });
    await opening;
    expect(last()).toEqual({ what: 'cancelled' });
    expect(news.at(-1)).toEqual({ what: 'list', models: [] });
  });
});
