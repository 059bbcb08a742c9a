/**
 * Writes the ladder's tokens as a person would: `47 + 8 = 55, carry 1; answer 55.` It reads whatever a policy
 * may sample: unfinished clauses, nonsense and single tokens come out as well as they can, and nothing throws.
 *
 *   prompt       `47, then + 8, × 3 = ?`
 *   hint         `47, then + 8, × 3 (hint: carry, split) = ?`
 *   meta prompt  `predict: 47, then + 8, × 3`
 *   solution     `47 + 8 = 55, carry 1; 55 × 3 = 65 (split: units 15, tens 5); answer 65.`
 *   prediction   `notions carry, split, length about 24-31, passes 5 of 8.`
 *
 * A full stop is EOS. What a step works on is the result of the step before, so the first step of a completion
 * needs its prompt (`after`); without it the step begins at its operator.
 */
import {
  AND,
  ANS,
  BOOL,
  BORROW,
  BOS,
  CARRY,
  digitValue,
  EOS,
  FALSE,
  HINT,
  isDigit,
  isLabel,
  isNotion,
  LAST_BUCKET,
  LEN,
  LENGTH_BUCKET,
  labelValue,
  MAX,
  META,
  MIN,
  MINUS,
  MM,
  NOT,
  OR,
  PAD,
  PASS,
  PASS_OF,
  PLUS,
  POWER,
  SKIP,
  SOL,
  SORT,
  SPLIT,
  TIMES,
  TRUE,
  WAIT,
  WORDS,
  XOR,
} from './tokens';

const OPERATORS: ReadonlyMap<number, string> = new Map([
  [PLUS, '+'],
  [MINUS, '−'],
  [TIMES, '×'],
  [POWER, '^'],
  [AND, 'and'],
  [OR, 'or'],
  [XOR, 'xor'],
  [MAX, 'max'],
  [MIN, 'min'],
]);

const MANY = Number.POSITIVE_INFINITY;

const isOperator = (token: number): boolean => OPERATORS.has(token);
const isValue = (token: number): boolean => isDigit(token) || token === TRUE || token === FALSE;
const isStepNotion = (token: number): boolean => token === CARRY || token === BORROW || token === SPLIT;

/** A single token where no clause claims it. */
function tokenText(token: number): string {
  if (token === TRUE) return 'true';
  if (token === FALSE) return 'false';
  if (isLabel(token)) return `step ${labelValue(token) + 1}`;
  return OPERATORS.get(token) ?? (WORDS[token] ?? `?${token}`).toLowerCase();
}

/** Values side by side: two digits are one number, anything else is a list. */
const valuesText = (values: readonly number[]): string =>
  values.map(tokenText).join(values.length === 2 && values.every(isDigit) ? '' : ' ');

/** Reads tokens from left to right, a clause at a time. What it knows carries over from a prompt to its completion. */
class Reader {
  private at = 0;
  private text = '';
  /** Between BOS and SOL or the closing META, where a step states an operation and not its result. */
  private inPrompt = false;
  /** What the next step works on; '' when not known. */
  private value = '';
  /** What each step worked on, to come back to after WAIT. */
  private readonly entries = new Map<number, string>();
  /** Operations of the prompt so far. */
  private operations = 0;
  private ids: readonly number[] = [];

  /** The text of `ids`, read as going on from what was read before. */
  read(ids: readonly number[]): string {
    this.ids = ids;
    this.at = 0;
    this.text = '';
    while (this.at < ids.length) this.clause();
    return this.text;
  }

  private next(matches: (token: number) => boolean, ahead = 0): boolean {
    return this.at + ahead < this.ids.length && matches(this.ids[this.at + ahead]);
  }

  private take(most: number, matches: (token: number) => boolean): number[] {
    const from = this.at;
    while (this.at - from < most && this.next(matches)) this.at++;
    return this.ids.slice(from, this.at);
  }

  /** Adds a clause, with `glue` between it and what was said before. */
  private say(clause: string, glue: string): void {
    this.text += this.text === '' ? clause : this.text.endsWith(':') ? ` ${clause}` : glue + clause;
  }

  private clause(): void {
    const token = this.ids[this.at++];
    const { inPrompt } = this;
    if (token === PAD) return;
    if (token === BOS) this.begin();
    else if (token === EOS) this.end();
    else if (token === META && inPrompt) this.meta();
    else if (token === SOL && inPrompt) this.solve();
    else if (token === SORT && inPrompt) this.sort();
    else if ((token === BOOL || token === MM) && inPrompt) return;
    else if (isLabel(token) && inPrompt) this.operation();
    else if (isValue(token) && inPrompt && this.value === '') this.start();
    else if (isLabel(token)) this.step(labelValue(token), '');
    else if (token === WAIT || token === SKIP) this.unusualStep(token);
    else if (token === ANS) this.say(`answer ${valuesText(this.take(MANY, isValue))}`.trimEnd(), '; ');
    else if (token === HINT) this.hint();
    else if (token === NOT) this.notions();
    else if (token === LEN) this.length();
    else if (token === PASS) this.passRate();
    else this.say(tokenText(token), ' ');
  }

  private begin(): void {
    this.inPrompt = true;
    this.value = '';
    this.entries.clear();
    this.operations = 0;
  }

  private end(): void {
    if (this.text === '') this.text = 'end';
    else this.text += '.';
  }

  private meta(): void {
    if (this.value === '' && this.operations === 0) this.say('predict:', ' ');
    else this.inPrompt = false;
  }

  private solve(): void {
    this.say('= ?', ' ');
    this.inPrompt = false;
  }

  private start(): void {
    this.at--;
    this.value = valuesText(this.take(2, isValue));
    this.say(this.value, ' ');
  }

  private sort(): void {
    this.say('sort', ' ');
    for (; this.next(isLabel) && this.next(isDigit, 1); this.at += 2) {
      this.operations++;
      this.say(tokenText(this.ids[this.at + 1]), ' ');
    }
  }

  private operation(): void {
    const parts = [...this.take(1, isOperator), ...this.take(1, isValue)].map(tokenText);
    if (parts.length > 0) this.say(parts.join(' '), this.operations++ === 0 ? ', then ' : ', ');
  }

  private hint(): void {
    const notions = this.take(MANY, isNotion).map(tokenText);
    this.say(notions.length > 0 ? `(hint: ${notions.join(', ')})` : 'hint', ' ');
  }

  private notions(): void {
    const notions = this.take(MANY, isNotion).map(tokenText);
    this.say(`notions ${notions.join(', ')}`.trimEnd(), ', ');
  }

  private length(): void {
    const [bucket] = this.take(1, isDigit).map(digitValue);
    const low = (bucket ?? 0) * LENGTH_BUCKET;
    const range = bucket === LAST_BUCKET ? `${low} or more` : `about ${low}-${low + LENGTH_BUCKET - 1}`;
    this.say(bucket === undefined ? 'length' : `length ${range}`, ', ');
  }

  private passRate(): void {
    const [count] = this.take(1, isDigit).map(digitValue);
    this.say(count === undefined ? 'passes' : `passes ${count} of ${PASS_OF}`, ', ');
  }

  /** A step begun with WAIT or SKIP, or the word alone where no step follows. */
  private unusualStep(token: number): void {
    const [step] = this.take(1, isLabel);
    if (step === undefined) {
      this.say(tokenText(token), '; ');
      return;
    }
    const index = labelValue(step);
    if (token === WAIT) {
      this.value = this.entries.get(index) ?? '';
      this.step(index, 'wait, ');
      return;
    }
    // The step left out worked on the value; what the written one works on is nowhere.
    this.entries.set(index - 1, this.value);
    this.value = '';
    this.step(index, 'two steps at once, ');
  }

  private step(index: number, prefix: string): void {
    const before = this.value;
    this.entries.set(index, before);
    const [operator] = this.take(1, isOperator).map(tokenText);
    if (operator === undefined && this.next(isDigit)) {
      this.insertion(prefix);
      return;
    }
    const operand = this.take(1, isValue).map(tokenText);
    const [notion] = this.take(1, isStepNotion);
    const split = notion === SPLIT;
    const values = this.take(split ? 5 : 2, isValue);

    const result = valuesText(split ? values.slice(3) : values);
    const left = [before, operator, ...operand].filter((part) => part !== undefined && part !== '').join(' ');
    const carried = notion === CARRY || notion === BORROW ? `, ${tokenText(notion)} 1` : '';
    const equation = (left || `step ${index + 1}`) + (result === '' ? '' : ` = ${result}`) + carried;
    this.say(prefix + equation + (split ? partials(values) : ''), '; ');
    this.value = result;
  }

  /** A step of sorting: the digit, then the digits so far with it put in. */
  private insertion(prefix: string): void {
    const [inserted] = this.take(1, isDigit);
    const sorted = this.take(MANY, isDigit).map(tokenText);
    const result = sorted.length > 0 ? `: ${sorted.join(' ')}` : '';
    this.say(`${prefix}insert ${tokenText(inserted)}${result}`, '; ');
  }
}

/** The partial products of a multiplication: units x operand (two digits), tens x operand (its last digit). */
function partials(values: readonly number[]): string {
  const units = values.slice(0, 2).map(digitValue);
  if (units.length < 2 || !units.every((value) => value >= 0 && value <= 9)) return ' (split)';
  const tens = values.length > 2 ? `, tens ${tokenText(values[2])}` : '';
  return ` (split: units ${10 * units[0] + units[1]}${tens})`;
}

/** Writes `ids` as a person would. `after` is what comes before them: read, not written. */
export function readable(ids: readonly number[], after: readonly number[] = []): string {
  const reader = new Reader();
  reader.read(after);
  return reader.read(ids);
}
