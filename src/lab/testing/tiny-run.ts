/** What the tests of commands that train share: a tiny random model, and a console that presses Ctrl-C. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseLlamaConfig } from '../../model/config';
import { writeModel } from '../../model/model-file';
import { initialWeights } from '../../rl/initialise';
import { ListeningConsole } from '../cli/testing';

const CONFIG = parseLlamaConfig({
  hidden_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 24,
  vocab_size: 64,
  tie_word_embeddings: true,
});

/** Writes a random model to `folder`/model and returns that path. */
export function writeTinyModel(folder: string): string {
  const model = join(folder, 'model');
  mkdirSync(model);
  for (const { name, bytes } of writeModel({ config: CONFIG, weights: initialWeights(CONFIG, 5) }))
    writeFileSync(join(model, name), bytes);
  return model;
}

/** A console that raises SIGINT when the stream on the disk has come to a place of choice. */
export class InterruptingConsole extends ListeningConsole {
  #raised = false;

  constructor(private readonly isPlace: (text: string) => boolean) {
    // A terminal is told of every phase, so the moment can be chosen in the middle of a step.
    super(true, 400);
  }

  override err(text: string): void {
    super.err(text);
    if (this.#raised || !this.isPlace(text)) return;
    this.#raised = true;
    process.emit('SIGINT');
  }
}
