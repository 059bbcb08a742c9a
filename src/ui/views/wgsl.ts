/**
 * A WGSL file for reading: parted into tokens line by line, and what its head and its declarations say. Enough to colour
 * and to list, not a parser: what it does not know stays plain text. Pure; used by `panels/hood`.
 */
import { partsBefore } from '../../run/shader-parts';

export type TokenKind =
  | 'comment'
  | 'attribute'
  | 'keyword'
  | 'type'
  | 'number'
  | 'function'
  | 'constant'
  | 'plain';

export interface WgslToken {
  kind: TokenKind;
  text: string;
}

const KEYWORDS = new Set(
  'alias break case const continue continuing default diagnostic discard else enable false fn for if let loop override read read_write requires return storage struct switch true uniform var while workgroup write'.split(
    ' ',
  ),
);
const TYPES = /^(bool|f16|f32|i32|u32|vec[234][fiuh]?|mat[234]x[234][fh]?|array|atomic|ptr)$/;

/** Comments, attributes, numbers, names, and what lies between them. */
const TOKEN =
  /(?<comment>\/\/.*)|(?<attribute>@\w+)|(?<number>\b(?:0x[\da-f]+|\d+\.?\d*(?:e[+-]?\d+)?)[uifh]?\b)|(?<name>[A-Za-z_]\w*)/gi;

function kindOfName(name: string, called: boolean): TokenKind {
  if (KEYWORDS.has(name)) return 'keyword';
  if (TYPES.test(name)) return 'type';
  if (/^[A-Z][A-Z0-9_]*$/.test(name)) return 'constant';
  return called ? 'function' : 'plain';
}

/** The tokens of a line; joined, their texts are the line. */
export function tokensOfLine(line: string): WgslToken[] {
  const tokens: WgslToken[] = [];
  let at = 0;
  for (const match of line.matchAll(TOKEN)) {
    if (match.index > at) tokens.push({ kind: 'plain', text: line.slice(at, match.index) });
    const { comment, attribute, number, name } = match.groups!;
    const end = match.index + match[0].length;
    const kind: TokenKind = comment
      ? 'comment'
      : attribute
        ? 'attribute'
        : number
          ? 'number'
          : kindOfName(name, /^\s*\(/.test(line.slice(end)));
    tokens.push({ kind, text: match[0] });
    at = end;
  }
  if (at < line.length) tokens.push({ kind: 'plain', text: line.slice(at) });
  return tokens;
}

export interface WgslBinding {
  index: number;
  name: string;
  /** `uniform`, `read` or `read_write`. */
  access: string;
  type: string;
  /** The comment above it: its shape. */
  note: string;
}

export interface WgslFile {
  /** What the comment at its head says; lines that were full are one with those after them. */
  head: string[];
  /** null in a file of functions for others. */
  entry: string | null;
  /** As it stands in the file: `8, 8`. */
  workgroup: string | null;
  /** Names of the files that are put before it. */
  parts: string[];
  /** Sizes with the values that they have in the file or in what is put before it. */
  constants: { name: string; type: string; value: string }[];
  bindings: WgslBinding[];
}

const comment = (line: string): string => line.replace(/^\s*\/\/ ?/, '');

/** A line of at least this length was broken because it was full. */
const FULL_LINE = 88;
/** Formulas are set in; these words begin a line of their own. */
const BEGINS = /^(\s|Consumer:|Before it:|Grid:|Assumes:)/;

function unwrapped(lines: readonly string[]): string[] {
  return lines.reduce<string[]>((joined, line, i) => {
    const goesOn = i > 0 && lines[i - 1].length >= FULL_LINE && line !== '' && !BEGINS.test(line);
    if (goesOn) joined.push(`${joined.pop()} ${line}`);
    else joined.push(line);
    return joined;
  }, []);
}

/** @param partOf the text of a file that is put before it; undefined where there is none of that name */
export function describeWgsl(code: string, partOf: (name: string) => string | undefined): WgslFile {
  const parts = partsBefore(code);
  const whole = [...parts.map((name) => partOf(name) ?? ''), code].join('\n');
  const head = code.split('\n');
  const first = head.findIndex((line) => !line.startsWith('//'));
  const lines = whole.split('\n');
  const bindings = lines.flatMap((line, i): WgslBinding[] => {
    const match = /@binding\((\d+)\)\s*var<(\w+)(?:,\s*(\w+))?>\s+(\w+)\s*:\s*([^;]+);/.exec(line);
    if (!match) return [];
    const [, index, space, access, name, type] = match;
    let above = i;
    while (above > 0 && lines[above - 1].startsWith('//')) above--;
    return [
      {
        index: Number(index),
        name,
        access: space === 'uniform' ? 'uniform' : (access ?? 'read'),
        type: type.trim(),
        note: lines.slice(above, i).map(comment).join(' '),
      },
    ];
  });
  return {
    head: unwrapped(head.slice(0, first < 0 ? head.length : first).map(comment)),
    entry: /@compute[\s\S]*?\bfn\s+(\w+)/.exec(code)?.[1] ?? null,
    workgroup: /@workgroup_size\(([^)]*)\)/.exec(code)?.[1] ?? null,
    parts,
    constants: [...whole.matchAll(/^const ([A-Z][A-Z0-9_]*): (u32|f32|bool) = ([^;]+);/gm)].map(
      ([, name, type, value]) => ({ name, type, value }),
    ),
    bindings,
  };
}
