/**
 * Where the command line writes: results to standard output, everything said on the way to standard error, so
 * that `lab ... --json | jq` sees JSON alone. A parameter of every command, for tests to listen in.
 */
export interface Console {
  /** Writes to standard output as is; the caller ends its lines. */
  out(text: string): void;
  /** Writes to standard error as is. */
  err(text: string): void;
  /** Standard error is a terminal, whose last line may be rewritten. */
  readonly terminal: boolean;
  /** Width of the terminal in characters. */
  columns(): number;
}

/** Writes what people read: to standard output, unless a JSON object is to stand there alone. */
export function sayTo(console: Console, json: boolean): (text: string) => void {
  return (text) => (json ? console.err(text) : console.out(text));
}

/** The process's own streams. */
export function processConsole(): Console {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // Whoever read has gone (`lab ... | head`): there is nobody to tell, and the run need not end for it.
      if (error.code !== 'EPIPE') throw error;
    });
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    terminal: process.stderr.isTTY === true && process.env.TERM !== 'dumb',
    columns: () => process.stderr.columns || 80,
  };
}
