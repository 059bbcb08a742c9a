/**
 * A task's vocabulary as the files of a Hugging Face tokenizer: one word, one token, parted by white space. Not the
 * reading of other tokenizers.
 *
 * Format: tokenizer.json of https://huggingface.co/docs/tokenizers (model `WordLevel`, pre-tokenizer
 * `WhitespaceSplit`); tokenizer_config.json and special_tokens_map.json of transformers.
 */
import type { LlamaConfig } from '../../model/config';
import type { Vocabulary } from '../../tasks/task';
import { type ExportFile, jsonFile } from '../files';

/**
 * A template that adds nothing: the prompt is the messages' text as it stands, from BOS to SOL. Engines that speak in
 * chats (verl does) so send the policy what it was trained on.
 */
const CHAT_TEMPLATE =
  "{% for message in messages %}{{ message['content'] }}{% if not loop.last %} {% endif %}{% endfor %}";

/** The words of all `tableSize` rows: a policy can sample the spare ones too, and `decode` names them `?63`. */
const tableWords = ({ tableSize, decode }: Vocabulary): string[] =>
  Array.from({ length: tableSize }, (_, id) => decode([id]));

/** tokenizer.json, tokenizer_config.json and special_tokens_map.json. */
export function tokenizerFiles(vocabulary: Vocabulary, config: LlamaConfig): ExportFile[] {
  const words = tableWords(vocabulary);
  const special = { pad: words[vocabulary.pad], bos: words[vocabulary.bos], eos: words[vocabulary.eos] };
  const added = [vocabulary.pad, vocabulary.bos, vocabulary.eos].sort((a, b) => a - b);
  const flags = { single_word: true, lstrip: false, rstrip: false, normalized: false, special: true };
  const named = { bos_token: special.bos, eos_token: special.eos, pad_token: special.pad };
  return [
    jsonFile('tokenizer.json', {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: added.map((id) => ({ id, content: words[id], ...flags })),
      normalizer: null,
      pre_tokenizer: { type: 'WhitespaceSplit' },
      // Nothing is put around a text: prompts say BOS themselves.
      post_processor: null,
      // Without a decoder tokens are joined by single spaces: the inverse of the pre-tokenizer.
      decoder: null,
      model: {
        type: 'WordLevel',
        vocab: Object.fromEntries(words.map((word, id) => [word, id])),
        // Is no word itself, so that an unknown word is an error, as it is here, and not silently something else.
        unk_token: '[UNK]',
      },
    }),
    jsonFile('tokenizer_config.json', {
      tokenizer_class: 'PreTrainedTokenizerFast',
      ...named,
      added_tokens_decoder: Object.fromEntries(added.map((id) => [id, { content: words[id], ...flags }])),
      model_max_length: config.max_position_embeddings,
      // For generation, rows of a batch have to end at the same place.
      padding_side: 'left',
      model_input_names: ['input_ids', 'attention_mask'],
      // Tidying up "4 - 7" as if it were English would lose the words.
      clean_up_tokenization_spaces: false,
      chat_template: CHAT_TEMPLATE,
    }),
    jsonFile('special_tokens_map.json', named),
  ];
}
