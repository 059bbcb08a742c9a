/**
 * What a shader file's head says is put before it: the sentence `Before it: ...` and the files it names. Text alone, no
 * compiling. Used where kernels are put together (`src/model/shaders.ts`) and where they are shown (`src/ui/views`), so
 * that what a reader is told is what is compiled.
 */

const SENTENCE = /(?:^|\s)Before it: (.*?)\.(?:\s|$)/;

/** Files in `shaders/`, without their ending, in the order in which they come; none where the head names none. */
export function partsBefore(code: string): string[] {
  const lines = code.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('//'));
  const head = lines.slice(0, end < 0 ? lines.length : end).map((line) => line.replace(/^\/\/ ?/, ''));
  const sentence = SENTENCE.exec(head.join(' '))?.[1] ?? '';
  return [...sentence.matchAll(/`(\w+)\.wgsl`/g)].map(([, name]) => name);
}
