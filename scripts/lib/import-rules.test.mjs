/** Each rule about imports, shown to catch an offence and to let pass what is allowed. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { judgeFile } from './import-rules.mjs';

const messages = (/** @type {string} */ file, /** @type {string} */ text) =>
  judgeFile(file, text).map(({ line, message }) => `${line}: ${message}`);

test('an import against the arrows is an offence, with its line', () => {
  expect(messages('src/gpu/device.ts', "import a from './a';\nimport type { B } from '../model/b';")).toEqual(
    ['2: imports src/model/b, but gpu imports only from gpu, run'],
  );
});

test.each([
  ['src/tasks/ladder.ts', '../gpu/device'],
  ['src/run/events.ts', '../tasks/task'],
  ['src/tasks/ladder.ts', '../../shaders/linear.wgsl?raw'],
  ['src/ui/App.tsx', '../gpu/buffers'],
  ['src/lab/worker.ts', '../ui/App'],
  ['src/model/policy.ts', '../tasks'],
  ['src/model/policy.ts', '../../scripts/lib/host.mjs'],
  ['src/rl/trainer.ts', '../../bench/matmul'],
  ['src/rl/trainer.ts', '../export/hf'],
  ['src/export/onnx/index.ts', '../../rl/trainer'],
  ['src/export/onnx/index.ts', '../../gpu/device'],
  ['src/report/run-report.ts', '../lab/worker'],
  ['src/report/chart.ts', '../ui/theme/palette'],
  ['src/rl/trainer.ts', '../report/digest'],
  ['src/ui/App.tsx', 'onnxruntime-web'],
  ['src/export/onnx/index.ts', 'onnxruntime-web/wasm'],
])('%s must not import %s', (file, specifier) => {
  expect(judgeFile(file, `import '${specifier}';`)).toHaveLength(1);
});

test.each([
  ['src/ui/App.tsx', '../lab/client'],
  ['src/ui/App.tsx', '../../shaders/linear.wgsl?raw'],
  ['src/lab/cli/main.ts', '../../rl/trainer'],
  ['src/rl/trainer.ts', '../tasks'],
  ['src/rl/trainer.ts', '../gpu/device'],
  ['src/model/policy.ts', '../../shaders/linear.wgsl?raw'],
  ['src/gpu/device.ts', '../run/events'],
  ['src/export/hf/index.ts', './check_logprobs.py?raw'],
  ['src/export/hf/index.ts', '../../model/config'],
  ['src/export/engine/problems.ts', '../../tasks/task'],
  ['src/lab/worker.ts', '../export/onnx'],
  ['src/lab/worker.ts', '../report/run-report'],
  ['src/ui/App.tsx', '../report/arms'],
  ['src/report/digest.ts', '../rl/comparison/record'],
  ['src/main.tsx', './ui/App'],
  ['src/lab/second-opinion/opinion-worker.ts', 'onnxruntime-web/wasm'],
  ['src/export/onnx/testing.ts', 'onnxruntime-web'],
])('%s may import %s', (file, specifier) => {
  expect(judgeFile(file, `import '${specifier}';`)).toEqual([]);
});

test.each([
  ["export * from '../ui/x';"],
  ["export { x } from '../ui/x';"],
  ["const x = await import('../ui/x');"],
  ["type X = import('../ui/x').X;"],
  ["const w = new Worker(new URL('../ui/x', import.meta.url));"],
])('every way of importing counts: %s', (text) => {
  expect(judgeFile('src/lab/client.ts', text)).toHaveLength(1);
});

test('packages with a home stay there', () => {
  expect(judgeFile('src/lab/client.ts', "import { createStore } from 'zustand/vanilla';")).toHaveLength(1);
  expect(judgeFile('src/rl/trainer.ts', "import { useState } from 'react';")).toHaveLength(1);
  expect(judgeFile('src/ui/App.tsx', "import { useState } from 'react';")).toEqual([]);
  expect(judgeFile('src/rl/trainer.ts', "import { z } from 'zod';")).toEqual([]);
});

test('Node and Dawn are imported by the command line and by tests alone', () => {
  for (const specifier of ['node:fs', 'webgpu']) {
    const text = `import '${specifier}';`;
    expect(judgeFile('src/model/policy.ts', text)).toHaveLength(1);
    expect(judgeFile('src/lab/worker.ts', text)).toHaveLength(1);
    expect(judgeFile('src/model/policy.test.ts', text)).toEqual([]);
    expect(judgeFile('src/gpu/testing/device.ts', text)).toEqual([]);
    expect(judgeFile('src/lab/cli/main.ts', text)).toEqual([]);
  }
});

test("a host's global is an offence below lab, unless the file declares the name itself", () => {
  expect(messages('src/rl/trainer.ts', "const x = 'a';\ndocument.title = x;")).toEqual([
    '2: uses document, but below lab nothing knows whether it is in a page, a worker or Node',
  ]);
  expect(judgeFile('src/run/store.ts', 'const o = { f() { return process.env.HOME; } };')).toHaveLength(1);
  expect(judgeFile('src/tasks/text.ts', 'const last = (window: string[]) => window.at(-1);')).toEqual([]);
  expect(judgeFile('src/ui/App.tsx', 'document.title = "lab";')).toEqual([]);
});

test('WGSL inside TypeScript is an offence; patterns and comments that speak of it are not', () => {
  const shader = 'const code = `\n@group(0) @binding(0) var<storage, read> x: array<f32>;\n`;';
  expect(messages('src/gpu/fill.ts', shader)).toEqual([
    '1: holds WGSL in a string, but shaders stand in shaders/*.wgsl',
  ]);
  expect(
    judgeFile('src/gpu/fill.ts', "const code = '@compute @workgroup_size(64) fn fill() {}';"),
  ).toHaveLength(1);
  expect(
    judgeFile('src/gpu/fill.ts', "const twice = 'fn twice(x: f32) -> f32 { return 2 * x; }';"),
  ).toHaveLength(1);
  expect(
    judgeFile('src/gpu/shader.ts', "throw new Error('expected a @compute function, got none');"),
  ).toEqual([]);
  expect(judgeFile('src/gpu/shader.ts', '// var<storage> is\nconst p = /@compute[^]*?fn (\\w+)/;')).toEqual(
    [],
  );
});

test('a file that cannot be parsed is an offence', () => {
  expect(judgeFile('src/gpu/broken.ts', 'import {')).toHaveLength(1);
});

test('the command prints each offence with file and line and fails', () => {
  const folder = mkdtempSync(join(tmpdir(), 'check-imports-'));
  try {
    mkdirSync(join(folder, 'src', 'tasks'), { recursive: true });
    writeFileSync(join(folder, 'src', 'tasks', 'x.ts'), "\nimport '../gpu/device';\n");
    const program = join(import.meta.dirname, '..', 'check-imports.mjs');
    expect(() => execFileSync(process.execPath, [program, folder], { encoding: 'utf8' })).toThrow(
      expect.objectContaining({
        status: 1,
        stdout: expect.stringContaining('src/tasks/x.ts:2: imports src/gpu/device'),
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
