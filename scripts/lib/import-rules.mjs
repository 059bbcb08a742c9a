/**
 * The rules about who may import whom in src/, and that shaders stay in .wgsl files. This module judges one
 * file's text and touches no disk; check-imports.mjs walks the tree with it.
 *
 *     ui -> lab -> rl -> model -> gpu      rl -> tasks      lab -> export -> model, tasks      everything -> run
 *     ui, lab -> report -> rl
 */
import { posix } from 'node:path';
import { parseSync } from 'vite';

/**
 * @typedef {object} Offence
 * @property {string} file relative to the project's folder, with forward slashes
 * @property {number} line from 1
 * @property {string} message what was found, and the rule
 */

/** What each folder of src/ may import from, itself aside. A layer may reach past its neighbour, never up. */
const MAY_IMPORT = {
  run: [],
  tasks: ['run'],
  gpu: ['run'],
  model: ['gpu', 'run'],
  rl: ['model', 'gpu', 'tasks', 'run'],
  export: ['model', 'tasks', 'run'],
  // Reports are made from a run's events by the command line, by the worker and by the page's reader alike.
  report: ['rl', 'tasks', 'run'],
  lab: ['export', 'report', 'rl', 'model', 'gpu', 'tasks', 'run'],
  ui: ['lab', 'report', 'tasks', 'run'],
};
/** @typedef {keyof typeof MAY_IMPORT} Layer */

/** Packages with a home. Every other package may be imported anywhere. */
const PACKAGES = [
  {
    name: /^(react|react-dom|zustand|radix-ui|uplot|katex|d3-scale|d3-shape|@radix-ui\/.*)(\/|$)/,
    home: 'src/ui',
  },
  { name: /^webgpu$/, home: 'src/lab/cli' },
  // Large, and fetched only when it is wanted: nothing that the page starts with may hold it.
  { name: /^onnxruntime-web(\/|$)/, home: 'src/lab/second-opinion' },
  { name: /^node:/, home: 'src/lab/cli' },
];

/** Names that exist in a page only or in Node only; below `lab` nothing may know where it runs. */
const HOST_GLOBALS = [
  'window',
  'document',
  'localStorage',
  'sessionStorage',
  'process',
  'Buffer',
  '__dirname',
];
const BELOW_LAB = ['run', 'tasks', 'gpu', 'model', 'rl', 'export', 'report'];

/** What no text but a shader contains: a workgroup's size, a binding, a variable of the device, a function. */
const WGSL =
  /@workgroup_size\s*\(|@group\(\s*\d+\s*\)\s*@binding|var<\s*(storage|workgroup|uniform)\b|\bfn\s+\w+\s*\([^)]*\)\s*(->|\{)/;

/**
 * Tests, and what only tests use, run in Node.
 * @param {string} file
 */
const isForTests = (file) => /\.test\.tsx?$|[./]testing(\.ts$|\/)/.test(file);

/**
 * @param {string} file
 * @returns {Layer | undefined} the folder of src/ that a path lies in; undefined for src/'s own files
 */
function layerOf(file) {
  const [top, folder, inside] = file.split('/');
  if (top !== 'src' || inside === undefined) return undefined;
  return folder in MAY_IMPORT ? /** @type {Layer} */ (folder) : undefined;
}

/**
 * @param {string} file
 * @param {string} specifier as written, such as '../gpu/device' or 'react'
 * @returns {string | undefined} the rule that the import breaks
 */
function judgeImport(file, specifier) {
  const layer = layerOf(file);
  if (!specifier.startsWith('.')) {
    for (const { name, home } of PACKAGES) {
      if (!name.test(specifier) || file.startsWith(`${home}/`)) continue;
      if (isForTests(file) && home !== 'src/ui') continue;
      if (layer === undefined && home === 'src/ui') continue; // src/main.tsx mounts the page.
      return `imports '${specifier}', which belongs to ${home} alone`;
    }
    return undefined;
  }
  const target = posix.join(posix.dirname(file), specifier.replace(/\?.*$/, ''));
  const [top] = target.split('/');
  if (top === 'shaders') {
    return layer === 'tasks' || layer === 'run' ? `imports ${target}, but ${layer} knows no GPU` : undefined;
  }
  if (top !== 'src') {
    // Tests also read files as data: the models that the page ships, the documents.
    if (isForTests(file) && !['scripts', 'bench', 'e2e'].includes(top)) return undefined;
    return `imports ${target}, but src imports only from src and shaders`;
  }
  const other = layerOf(target) ?? layerOf(`${target}/index`);
  if (layer === undefined || other === layer) return undefined;
  if (other === undefined) return `imports ${target}, which is in no layer`;
  if (/** @type {string[]} */ (MAY_IMPORT[layer]).includes(other)) return undefined;
  const allowed = [layer, ...MAY_IMPORT[layer]].join(', ');
  return `imports ${target}, but ${layer} imports only from ${allowed}`;
}

/**
 * Calls `visit` for every node of a syntax tree.
 * @param {any} node
 * @param {(node: any) => void} visit
 */
function walk(node, visit) {
  if (Array.isArray(node)) {
    for (const item of node) walk(item, visit);
  } else if (node !== null && typeof node === 'object') {
    if (typeof node.type === 'string') visit(node);
    for (const [key, value] of Object.entries(node)) {
      if (value !== null && typeof value === 'object' && key !== 'value') walk(value, visit);
    }
    if (node.type === 'Property' || node.type === 'MethodDefinition' || node.type === 'PropertyDefinition') {
      walk(node.value, visit);
    } else if (node.type === 'JSXAttribute') walk(node.value, visit);
  }
}

/**
 * @param {any} node
 * @returns {string | undefined} what a node imports: all forms of import, `export from`, import types, and
 *   `new URL(path, import.meta.url)`, which is how a worker is named
 */
function importedBy(node) {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return node.source?.value;
    case 'NewExpression': {
      const [path, base] = node.arguments;
      const isModuleUrl = node.callee.name === 'URL' && base?.object?.type === 'MetaProperty';
      return isModuleUrl && typeof path.value === 'string' ? path.value : undefined;
    }
    default:
      return undefined;
  }
}

/**
 * Judges one file of src/.
 * @param {string} file relative to the project's folder, with forward slashes: 'src/gpu/device.ts'
 * @param {string} text
 * @returns {Offence[]} in the order of the file
 */
export function judgeFile(file, text) {
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) return [{ file, line: 1, message: `cannot be parsed: ${errors[0].message}` }];

  /** @type {(Offence & { start: number })[]} */
  const found = [];
  const report = (/** @type {any} */ node, /** @type {string} */ message) => {
    found.push({ file, line: text.slice(0, node.start).split('\n').length, message, start: node.start });
  };
  const isBelowLab = BELOW_LAB.includes(layerOf(file) ?? '') && !isForTests(file);
  /** A name the file declares itself is no global: `window` is also a good name for a stretch of text. */
  const declared = new Set();
  if (isBelowLab) {
    walk(program, (node) => {
      for (const name of [node.id, node.local, ...(node.params ?? [])]) {
        walk(name ?? null, (inner) => inner.type === 'Identifier' && declared.add(inner.name));
      }
    });
  }

  walk(program, (node) => {
    const specifier = importedBy(node);
    if (specifier !== undefined) {
      const message = judgeImport(file, specifier);
      if (message !== undefined) report(node, message);
    }
    const words =
      node.type === 'TemplateElement' ? node.value.raw : node.type === 'Literal' ? node.value : '';
    if (typeof words === 'string' && WGSL.test(words) && !isForTests(file)) {
      report(node, 'holds WGSL in a string, but shaders stand in shaders/*.wgsl');
    }
    if (isBelowLab && node.type === 'MemberExpression' && node.object.type === 'Identifier') {
      const { name } = node.object;
      if (HOST_GLOBALS.includes(name) && !declared.has(name)) {
        report(node, `uses ${name}, but below lab nothing knows whether it is in a page, a worker or Node`);
      }
    }
  });
  return found.sort((a, b) => a.start - b.start).map(({ start: _, ...offence }) => offence);
}
