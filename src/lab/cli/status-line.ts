/**
 * The last line of a terminal, rewritten as work goes on, and above it the lines that stay. Elsewhere than on a
 * terminal only what stays is written. Writes to standard error.
 */
import type { Console } from './console';

export class StatusLine {
  readonly #console: Console;
  /** Characters of the line that will be rewritten. */
  #drawn = 0;

  constructor(console: Console) {
    this.#console = console;
  }

  get isTerminal(): boolean {
    return this.#console.terminal;
  }

  /** Characters there is room for. */
  get width(): number {
    // One column stays free: a full last column makes some terminals wrap.
    return Math.max(20, this.#console.columns() - 1);
  }

  /** Replaces the line. */
  draw(line: string): void {
    if (!this.#console.terminal) return;
    const { width } = this;
    const shown = line.length > width ? `${line.slice(0, width - 1)}…` : line;
    this.#console.err(`\r${shown.padEnd(Math.min(this.#drawn, width))}`);
    this.#drawn = shown.length;
  }

  /** Writes a line that stays. */
  note(text: string): void {
    this.erase();
    this.#console.err(`${text}\n`);
  }

  /** Leaves the terminal on a fresh line. */
  erase(): void {
    if (this.#drawn > 0) this.#console.err('\r\x1b[2K');
    this.#drawn = 0;
  }
}
