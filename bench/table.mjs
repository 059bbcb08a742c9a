/** The benchmark's results as Markdown tables, for the terminal and for docs/benchmark.md. */

/** @param {number | null | undefined} value */
const times = (value) => (value === null || value === undefined ? 'could not run' : `${value.toFixed(1)}x`);
/** @param {number | undefined} value @param {number} [digits] */
const number = (value, digits = 1) => (value === undefined ? '' : value.toFixed(digits));

/** @param {string[]} head @param {string[][]} rows */
const markdown = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

/**
 * @param {any} report a `BenchReport`
 * @returns {string}
 */
export function table(report) {
  const sections = [
    `${report.adapter}; ${report.runtime}; ${report.date}; load average ${report.load_average}.`,
    Object.entries(report.libraries)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  ];
  if (report.matmul.length > 0)
    sections.push(
      `Matrix products, GFLOP/s. Ceiling of multiply-adds ${number(report.ceiling.fma_gflops)} GFLOP/s, of copies ${number(report.ceiling.copy_gbps)} GB/s;\n${number(report.ceiling.load_gvalues)} billion values are loaded a second, ${number(report.ceiling.broadcast_gvalues)} billion broadcast.`,
      markdown(
        [
          'product',
          'm, k, n',
          'ours',
          'TensorFlow.js',
          'jax-js',
          'ours over the better',
          'of the ceiling',
          'kernel',
          'its bound',
          'reached',
        ],
        report.matmul.map((/** @type {any} */ r) => [
          r.name,
          `${r.shape.m}, ${r.shape.k}, ${r.shape.n}`,
          number(r.gflops.ours),
          number(r.gflops.tfjs),
          number(r.gflops['jax-js']),
          times(r.ours_over_best_peer),
          `${(100 * r.of_fma_ceiling).toFixed(0)}%`,
          r.bound.variant,
          number(r.bound.gflops),
          `${(100 * r.bound.reached).toFixed(0)}%`,
        ]),
      ),
    );
  if (report.train_step.length > 0)
    sections.push(
      'A training step, milliseconds.',
      markdown(
        [
          'policy',
          'tokens',
          'ours',
          'TensorFlow.js',
          'jax-js',
          'over TensorFlow.js',
          'over jax-js',
          'same numbers',
        ],
        report.train_step.map((/** @type {any} */ r) => [
          r.label,
          String(r.tokens),
          ...['ours', 'tfjs', 'jax-js'].map((name) =>
            number(r.seconds[name] && r.seconds[name].median * 1000, 0),
          ),
          times(r.ours_over_tfjs),
          times(r.ours_over_jaxjs),
          Object.entries(r.loss_agrees)
            .map(
              ([name, agrees]) => `${name} ${agrees ? 'yes' : `no (${r.difference[name].toExponential(1)})`}`,
            )
            .join(', '),
        ]),
      ),
    );
  if (report.decode.length > 0)
    sections.push(
      'Batched greedy decoding, tokens a second.',
      markdown(
        [
          'policy',
          'rows',
          'ours',
          'ONNX Runtime webgpu',
          'ONNX Runtime wasm',
          'over webgpu',
          'over wasm',
          'same tokens',
        ],
        report.decode.map((/** @type {any} */ r) => [
          r.label,
          String(r.rows),
          ...['ours', 'ort webgpu', 'ort wasm'].map((name) => number(r.tokens_per_second[name], 0)),
          times(r.ours_over_ort),
          times(r.ours_over_ort_wasm),
          Object.entries(r.same_tokens)
            .map(([name, same]) => `${name} ${same}`)
            .join(', '),
        ]),
      ),
    );
  if (report.rl_step.length > 0)
    sections.push(
      'A step of reinforcement learning, by phase.',
      markdown(
        ['preset', 'ms a step', 'phases, ms', 'tokens/s', 'GFLOP/s'],
        report.rl_step.map((/** @type {any} */ r) => [
          r.preset,
          number(r.step_ms, 0),
          Object.entries(r.phases_ms)
            .map(([phase, ms]) => `${phase} ${Number(ms).toFixed(0)}`)
            .join(', '),
          number(r.tokens_per_second, 0),
          number(r.gflops),
        ]),
      ),
    );
  if (report.scaling.length > 0)
    sections.push(
      'How cost grows: the fitted exponent.',
      markdown(
        ['cost', 'against', 'exponent', 'from, to'],
        report.scaling.map((/** @type {any} */ r) => [
          r.of,
          r.against,
          number(r.exponent, 2),
          `${r.points[0][0]}, ${r.points.at(-1)[0]}`,
        ]),
      ),
    );
  if (report.steady)
    sections.push(
      `Steady steps, ${report.steady.steps} of them: ${report.steady.gpu_bytes_allocated} bytes of GPU memory allocated, ${report.steady.buffers_created} buffers made, heap growth ${report.steady.js_heap_growth ?? 'not known here'} bytes, drift of the step time ${(100 * report.steady.step_time_drift).toFixed(1)}%.`,
    );
  const missing = Object.entries(report.unavailable).map(([name, error]) => `- ${name}: ${error}`);
  if (missing.length > 0) sections.push(`Could not run here:\n${missing.join('\n')}`);
  return sections.join('\n\n');
}
