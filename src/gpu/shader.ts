/**
 * A WGSL file as the lab uses it: its text with the sizes filled in, and what its bindings are.
 *
 * A shader file is valid WGSL as it stands, or behind the files that its head names (`wholeOf`). Lines of the form
 * `const NAME: u32 = 16u;` are its sizes and switches; `specialise` replaces their values, which is all the code
 * generation there is. Where a file calls what it moves at a time `Value` (`alias Value = f32;`), its constant VECTOR
 * says how many floats that is: 1 or 4. Binding names and kinds are read off the declarations, so that TypeScript binds
 * by the names a reader sees in the file.
 */

export type ConstantValue = number | boolean;

/** A shader file: its name without the ending, and its text. `prelude` is put before it (what it shares with others). */
export interface ShaderFile {
  name: string;
  code: string;
  prelude?: string;
}

export interface Binding {
  name: string;
  index: number;
  type: GPUBufferBindingType;
}

const DIRECTIVE = /^(?:enable|requires)\b[^;]*;/gm;

/**
 * A file behind its prelude. WGSL wants directives before everything else: those of both come first, on the prelude's
 * first line, so that lines count as if they were still where they were.
 */
export function wholeOf({ code, prelude }: ShaderFile): string {
  if (!prelude) return code;
  const joined = `${prelude}\n${code}`;
  const directives = [...new Set(joined.match(DIRECTIVE))];
  return [...directives, joined.replace(DIRECTIVE, '')].join(' ');
}

const VALUE = 'alias Value = f32;';
const CONSTANT = /^const ([A-Z][A-Z0-9_]*): (u32|f32|bool) = [^;]+;/gm;

/**
 * The text with each named constant replaced.
 * @throws Error naming a constant that the file does not declare, or a value that is not of its type.
 */
export function specialise(
  name: string,
  code: string,
  constants: Readonly<Record<string, ConstantValue>>,
): string {
  const left = new Set(Object.keys(constants));
  const text = code.replace(CONSTANT, (line, key: string, type: string) => {
    if (!left.delete(key)) return line;
    return `const ${key}: ${type} = ${literal(`${name}.${key}`, type, constants[key])};`;
  });
  if (left.size > 0) throw new Error(`shader ${name}: no constant named ${[...left].join(', ')}`);
  const { VECTOR = 1 } = constants;
  if (VECTOR === 1) return text;
  if (VECTOR !== 4) throw new Error(`shader ${name}.VECTOR: expected 1 or 4, got ${VECTOR}`);
  if (!text.includes(VALUE)) throw new Error(`shader ${name}: expected a line ${VALUE}`);
  return text.replace(VALUE, 'alias Value = vec4<f32>;');
}

function literal(where: string, type: string, value: ConstantValue): string {
  if (type === 'bool') {
    if (typeof value === 'boolean') return String(value);
  } else if (type === 'u32') {
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32)
      return `${value}u`;
  } else if (typeof value === 'number' && Number.isFinite(value)) {
    return /[.e]/.test(String(value)) ? String(value) : `${value}.0`;
  }
  throw new Error(`shader ${where}: expected a ${type}, got ${value}`);
}

/** The bindings of group 0 in the order of their indices. */
export function parseBindings(code: string): Binding[] {
  const pattern =
    /@group\(0\)\s*@binding\((\d+)\)\s*var<(uniform|storage)(?:,\s*(read|read_write))?>\s+(\w+)/g;
  return [...code.matchAll(pattern)]
    .map(([, index, space, access, name]) => ({
      name,
      index: Number(index),
      type: (space === 'uniform'
        ? 'uniform'
        : access === 'read_write'
          ? 'storage'
          : 'read-only-storage') as GPUBufferBindingType,
    }))
    .sort((a, b) => a.index - b.index);
}

/** The name of the one entry point of a compute shader file. */
export function parseEntryPoint(name: string, code: string): string {
  const match = /@compute[\s\S]*?\bfn\s+(\w+)/.exec(code);
  if (!match) throw new Error(`shader ${name}: no @compute entry point`);
  return match[1];
}

/** The members of a struct of 4-byte values, in order; none where the file declares no such struct. */
export function parseStruct(code: string, struct: string): string[] {
  const body = new RegExp(`^struct ${struct} \\{([^}]*)\\}`, 'm').exec(code)?.[1] ?? '';
  return [...body.matchAll(/(\w+)\s*:/g)].map(([, name]) => name);
}
