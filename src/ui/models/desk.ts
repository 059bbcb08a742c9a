/**
 * What the page does about models from elsewhere: sends the user's wishes to the worker and writes what comes back into
 * the store. Part of the page's session; knows no React. What runs is left alone.
 */
import type { ModelsCommand, ModelsNews } from '../../lab/models-protocol';
import type { PageStore } from '../state/store';
import type { ModelFiles } from './files';
import type { ModelsState } from './state';

export class ModelsDesk {
  constructor(
    private readonly store: PageStore,
    private readonly send: (ask: ModelsCommand) => void,
    /** Puts a model's name into the form. */
    private readonly choose: (model: string) => void,
  ) {}

  show(open: boolean): void {
    this.#set({ open });
    if (open) this.send({ do: 'list' });
  }

  /** Reads a model from its files, with the dialog on screen that says how it goes. */
  open({ named, files }: ModelFiles): void {
    if (this.store.getState().models.reading) return;
    const total = files.reduce((sum, { size }) => sum + size, 0);
    this.#set({ open: true, opened: null, trouble: null, reading: { named, done: 0, total } });
    this.send({ do: 'open', named, files: files.map((file) => ({ name: file.name, file })) });
  }

  cancel(): void {
    this.send({ do: 'cancel' });
  }

  delete(model: string): void {
    this.send({ do: 'delete', model });
  }

  /** Runs that are started from now on begin with it. */
  use(model: string): void {
    this.choose(model);
    this.#set({ open: false });
  }

  heard(news: ModelsNews): void {
    switch (news.what) {
      case 'list':
        this.#set({ list: news.models });
        return;
      case 'reading': {
        const { reading } = this.store.getState().models;
        if (reading) this.#set({ reading: { ...reading, done: news.done, total: news.total } });
        return;
      }
      case 'opened':
        this.#set({ reading: null, opened: news.model.model });
        return;
      case 'cancelled':
        this.#set({ reading: null });
        return;
      case 'trouble':
        this.#set({ reading: null, trouble: news.message });
        return;
      default:
        unknownNews(news);
    }
  }

  #set(change: Partial<ModelsState>): void {
    this.store.setState((page) => ({ models: { ...page.models, ...change } }));
  }
}

function unknownNews(news: never): never {
  throw new Error(`internal: models: expected news of the protocol, got ${JSON.stringify(news)}`);
}
