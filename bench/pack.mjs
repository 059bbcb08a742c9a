/**
 * `npm run bench -- --pack FILE.tar.xz`: the benchmark, the parity check and Dawn in one file, for a Linux machine that
 * has a GPU, Node and libvulkan, but neither browser nor network. `packed/run.mjs` is what runs there.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { ROOT, run } from '../scripts/lib/host.mjs';
import { bundle } from './bundle.mjs';

const FOLDER = 'masa-lab-bench';
/** What ONNX Runtime needs in Node: its WebAssembly on one thread, and its WebGPU provider. */
const ORT = [
  'package.json',
  'dist/ort.node.min.mjs',
  'dist/ort.webgpu.bundle.min.mjs',
  'dist/ort-wasm-simd-threaded.mjs',
  'dist/ort-wasm-simd-threaded.wasm',
  'dist/ort-wasm-simd-threaded.asyncify.mjs',
  'dist/ort-wasm-simd-threaded.asyncify.wasm',
];
const WEBGPU = ['package.json', 'index.js', 'LICENSE.md', 'dist/linux-x64'];

/**
 * @param {string} file
 * @param {Record<string, string>} versions of the libraries
 */
export async function pack(file, versions) {
  const work = mkdtempSync(join(tmpdir(), 'masa-lab-pack-'));
  const to = join(work, FOLDER);
  try {
    const copy = (/** @type {string} */ path, /** @type {string} */ target = path) => {
      mkdirSync(dirname(join(to, target)), { recursive: true });
      cpSync(join(ROOT, path), join(to, target), { recursive: true });
    };
    console.error('Bundling the benchmark and the parity check ...');
    await bundle('bench/node.ts', join(to, 'bench'));
    await bundle('src/lab/cli/main.ts', join(to, 'lab'));
    copy('bench/packed/run.mjs', 'run.mjs');
    copy('bench/peers/torch_step.py', 'torch_step.py');
    for (const name of ['in-node.mjs', 'kept.mjs', 'machine.mjs', 'options.mjs', 'table.mjs', 'torch.mjs'])
      copy(`bench/${name}`, name);
    for (const path of WEBGPU) copy(`node_modules/webgpu/${path}`);
    for (const path of ORT) copy(`node_modules/onnxruntime-web/${path}`);
    for (const path of ['models/ladder-base', 'reference']) copy(`public/${path}`);
    copy('LICENSE');
    const { name, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    writeFileSync(join(to, 'package.json'), JSON.stringify({ name, version, type: 'module', private: true }));
    writeFileSync(join(to, 'versions.json'), JSON.stringify(versions));
    console.error('Compressing ...');
    const { code, stderr } = await run('tar', ['-cJf', resolve(file), '-C', work, FOLDER]);
    if (code !== 0) throw new Error(`${file}: expected tar with xz to pack it, got: ${stderr.trim()}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const size = (statSync(file).size / 2 ** 20).toFixed(0);
  console.log(
    [
      `Written: ${file}, ${size} MiB. On a Linux machine (x86-64) with Node 20 or newer and libvulkan:`,
      `  tar xf ${basename(file)} && cd ${FOLDER} && node --expose-gc run.mjs --out results.json`,
      'then bring results.json back as bench/results/gpu.json, and: npm run -s bench -- --tables',
    ].join('\n'),
  );
}
