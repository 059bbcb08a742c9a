/**
 * Options of a command: their declaration, their help text, and reading them from an argument list. Reading
 * goes on after a mistake, so that one attempt names every wrong argument. Knows no command in particular.
 */
import { parseArgs } from 'node:util';

/** Wrong arguments: exit code 2. Each line says what was expected and what was given. */
export class UsageError extends Error {
  constructor(readonly issues: string[]) {
    super(issues.join('\n'));
    this.name = 'UsageError';
  }
}

export interface OptionSpec {
  /** Without the two dashes. */
  name: string;
  /** What stands for the value in the help, e.g. `FILE`; an option without it is a switch. */
  value?: string;
  /** May be given several times. */
  multiple?: boolean;
  help: string;
}

export interface CommandSpec {
  name: string;
  /** One sentence. */
  summary: string;
  /** The command's arguments in one line, e.g. `--preset NAME --out DIR`. */
  usage: string;
  options: readonly OptionSpec[];
  /** It also takes words that are no options, in any place: for themselves, or for an option (`A B` as `--run A --run B`). */
  takesWords?: true | { as: string };
  /** A list of further names that the help explains below the options. */
  list?: { title: string; entries: readonly { name: string; help: string }[] };
}

const HELP: OptionSpec = { name: 'help', help: 'Show this text.' };

/** The arguments a command was given. Readers report what is wrong through `issues`; `check` throws them all. */
export class Arguments {
  readonly issues: string[] = [];
  /** What is no option, of a command that takes such words. */
  readonly words: readonly string[];
  readonly #values: ReadonlyMap<string, readonly string[]>;
  readonly #switches: ReadonlySet<string>;

  constructor(
    values: ReadonlyMap<string, readonly string[]>,
    switches: ReadonlySet<string>,
    issues: string[],
    words: readonly string[] = [],
  ) {
    this.words = words;
    this.#values = values;
    this.#switches = switches;
    this.issues.push(...issues);
  }

  on(name: string): boolean {
    return this.#switches.has(name);
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  text(name: string): string | null {
    return this.all(name)[0] ?? null;
  }

  /** The option's text; a missing or empty one is an issue. */
  required(name: string, what: string): string {
    const text = this.text(name);
    if (!text) this.issues.push(`--${name}: expected ${what}, got nothing`);
    return text ?? '';
  }

  /** The option as a whole number from `low` to `high`; `otherwise` when it was not given. */
  integer<T>(name: string, low: number, high: number, otherwise: T): number | T {
    const text = this.text(name);
    if (text === null) return otherwise;
    const value = Number(text);
    if (/^[+-]?\d+$/.test(text) && value >= low && value <= high) return value;
    this.issues.push(`--${name}: expected a whole number from ${low} to ${high}, got "${text}"`);
    return otherwise;
  }

  /** The option as a number from `low` to `high`; `otherwise` when it was not given. */
  number<T>(name: string, low: number, high: number, otherwise: T): number | T {
    const text = this.text(name);
    if (text === null) return otherwise;
    const value = Number(text);
    if (text.trim() !== '' && value >= low && value <= high) return value;
    this.issues.push(`--${name}: expected a number from ${low} to ${high}, got "${text}"`);
    return otherwise;
  }

  /** `--set key=value` in the order given, then `--seed` and `--steps`, which are short for it. */
  settings(): { key: string; text: string }[] {
    const settings: { key: string; text: string }[] = [];
    for (const setting of this.all('set')) {
      const at = setting.indexOf('=');
      if (at < 1) this.issues.push(`--set: expected key=value, got "${setting}"`);
      else settings.push({ key: setting.slice(0, at), text: setting.slice(at + 1) });
    }
    for (const key of ['seed', 'steps']) {
      const text = this.text(key);
      if (text !== null) settings.push({ key, text });
    }
    return settings;
  }

  /** @throws UsageError when anything was wrong. */
  check(): void {
    if (this.issues.length > 0) throw new UsageError(this.issues);
  }
}

/** Reads `argv` (what follows the command's name). Unknown options, missing values and stray words are issues. */
export function readArguments(spec: CommandSpec, argv: readonly string[]): Arguments {
  const options = [...spec.options, HELP];
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      options.map((option) => [
        option.name,
        option.value ? ({ type: 'string', multiple: true } as const) : ({ type: 'boolean' } as const),
      ]),
    ),
    // The strict mode stops at the first mistake; the checks below name them all.
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const issues: string[] = [];
  const values = new Map<string, string[]>();
  const switches = new Set<string>();
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      const { takesWords } = spec;
      if (takesWords === true) words.push(token.value);
      else if (takesWords) values.set(takesWords.as, [...(values.get(takesWords.as) ?? []), token.value]);
      else issues.push(`expected options alone, got "${token.value}"`);
      continue;
    }
    const option = options.find(({ name }) => name === token.name);
    if (!option) {
      issues.push(`${token.rawName}: unknown option${suggestion(token.name, options)}`);
    } else if (!option.value) {
      if (token.value !== undefined) issues.push(`${token.rawName}: takes no value, got "${token.value}"`);
      switches.add(option.name);
    } else if (token.value === undefined || (!token.inlineValue && looksLikeOption(token.value))) {
      const got = token.value === undefined ? 'nothing' : `"${token.value}"`;
      issues.push(`${token.rawName}: expected ${option.value}, got ${got}`);
    } else {
      const given = values.get(option.name) ?? [];
      if (given.length > 0 && !option.multiple)
        issues.push(`${token.rawName}: expected once, got it again with "${token.value}"`);
      values.set(option.name, [...given, token.value]);
    }
  }
  return new Arguments(values, switches, issues, words);
}

/** "--out --json" is a forgotten value; "--seed -1" is a wrong one, which its reader explains better. */
function looksLikeOption(value: string): boolean {
  return /^-/.test(value) && Number.isNaN(Number(value)) && value !== '-';
}

function suggestion(name: string, options: readonly OptionSpec[]): string {
  const plain = (text: string) => text.replace(/[-_]/g, '').toLowerCase();
  const close = options.find(
    (option) => plain(option.name) === plain(name) || (name.length > 1 && option.name.startsWith(name)),
  );
  return close ? `; did you mean --${close.name}?` : '';
}

/** Whether `argv` asks for help, wherever in the line. */
export function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).some((arg) => arg === '--help' || arg === '-h');
}

/** The text of `lab COMMAND --help`, at most `width` characters wide. */
export function helpText(spec: CommandSpec, width = 100): string {
  const options = [...spec.options, HELP].map(({ name, value, help }) => ({
    name: `--${name}${value ? ` ${value}` : ''}`,
    help,
  }));
  const list = spec.list ? `\n${wrap(spec.list.title, width, 0)}\n${columns(spec.list.entries, width)}` : '';
  return `${wrap(spec.summary, width, 0)}\n\nUsage: lab ${spec.name} ${spec.usage}\n\n${columns(options, width)}${list}`;
}

/** Names to the left, their explanations to the right. */
export function columns(entries: readonly { name: string; help: string }[], width = 100): string {
  const indent = Math.max(...entries.map(({ name }) => name.length)) + 4;
  return entries
    .map(({ name, help }) => `  ${name.padEnd(indent - 2)}${wrap(help, width - indent, indent)}\n`)
    .join('');
}

function wrap(text: string, width: number, indent: number): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}
