/** The benchmark's results as Markdown tables, for the terminal and for docs/benchmark.md. */

/** @param {number | null | undefined} value */
const times = (value) => (value === null || value === undefined ? '' : `${value.toFixed(1)}x`);
/** @param {number | null | undefined} value @param {number} [digits] */
const number = (value, digits = 1) => (value === null || value === undefined ? '' : value.toFixed(digits));
/** @param {number | null | undefined} value */
const percent = (value) => (value === null || value === undefined ? '' : `${(100 * value).toFixed(0)}%`);
/** @param {number} bytes */
const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(1);

/** @param {string[]} head @param {string[][]} rows */
const markdown = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

/** @param {any[]} results @param {(result: any) => string} nameOf */
const leftOut = (results, nameOf) =>
  reasons(
    'Left out',
    results.flatMap((r) =>
      Object.entries(r.left_out ?? {}).map(([name, why]) => [`${name}, ${nameOf(r)}`, why]),
    ),
  );

/** @param {any} report */
function products({ matmul, ceiling }) {
  if (matmul.length === 0) return [];
  return [
    `Matrix products, GFLOP/s. Ceiling of multiply-adds ${number(ceiling?.fma_gflops)} GFLOP/s, of copies ${number(ceiling?.copy_gbps)} GB/s;\n${number(ceiling?.load_gvalues)} billion values are loaded a second, ${number(ceiling?.broadcast_gvalues ?? undefined)} billion broadcast.`,
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
      matmul.map((/** @type {any} */ r) => [
        r.name,
        `${r.shape.m}, ${r.shape.k}, ${r.shape.n}`,
        number(r.gflops.ours),
        ...['tfjs', 'jax-js'].map((name) => (r.left_out?.[name] ? 'left out' : number(r.gflops[name]))),
        times(r.ours_over_best_peer),
        percent(r.of_fma_ceiling),
        r.bound?.variant ?? '',
        number(r.bound?.gflops),
        r.bound ? percent(r.bound.reached) : '',
      ]),
    ),
    ...leftOut(matmul, (r) => r.name),
  ];
}

/** @param {any} report */
function trainStep({ train_step: steps }) {
  if (steps.length === 0) return [];
  const names = ['ours', 'tfjs', 'jax-js'];
  return [
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
      steps.map((/** @type {any} */ r) => [
        r.label,
        String(r.tokens),
        ...names.map((name) =>
          r.left_out[name] ? 'left out' : number(r.seconds[name] && r.seconds[name] * 1000, 0),
        ),
        times(r.ours_over_tfjs),
        times(r.ours_over_jaxjs),
        Object.entries(r.agrees)
          .map(
            ([name, agrees]) => `${name} ${agrees ? 'yes' : `no (${r.difference[name].toExponential(1)})`}`,
          )
          .join(', '),
      ]),
    ),
    ...(steps.some((/** @type {any} */ r) => r.one_by_one)
      ? [
          `One library after the other, as not all fit into memory together: ${steps
            .filter((/** @type {any} */ r) => r.one_by_one)
            .map((/** @type {any} */ r) => r.label)
            .join(', ')}. The others took turns.`,
        ]
      : []),
    ...leftOut(steps, (r) => r.label),
  ];
}

/** @param {any} report */
function decode({ decode: results }) {
  if (results.length === 0) return [];
  const names = [...new Set(results.flatMap((/** @type {any} */ r) => Object.keys(r.tokens_per_second)))];
  return [
    'Batched greedy decoding, tokens a second.',
    markdown(
      [
        'policy',
        'rows',
        ...names,
        'ours over ort webgpu',
        'ours over ort wasm',
        'ours over jax-js',
        'same tokens',
      ],
      results.map((/** @type {any} */ r) => [
        r.label,
        String(r.rows),
        ...names.map((name) => (r.left_out?.[name] ? 'left out' : number(r.tokens_per_second[name], 0))),
        times(r.ours_over_ort),
        times(r.ours_over_ort_wasm),
        times(r.ours_over_jaxjs),
        Object.entries(r.same_tokens)
          .map(([name, same]) => `${name} ${same}`)
          .join(', '),
      ]),
    ),
    ...leftOut(results, (r) => `${r.label}, ${r.rows} rows`),
  ];
}

/** @param {any} report */
function rlStep({ rl_step: results }) {
  return results.flatMap((/** @type {any} */ r) => [
    `A step of reinforcement learning, preset ${r.preset}: ${number(r.step_ms, 0)} ms, ${number(r.gflops)} GFLOP/s, ${number(r.tokens_per_second, 0)} tokens a second; the device is busy for ${percent(r.gpu_busy) || 'an unknown share'} of it.`,
    markdown(
      ['phase or work', 'ms by the clock', 'ms on the device', 'dispatches', 'MiB moved', 'MiB allocated'],
      [
        ...Object.entries(r.phases),
        ...Object.entries(r.work).map(([name, each]) => [`of these, ${name}`, each]),
      ].map(([name, each]) => [
        name,
        number(each.wall_ms, 0),
        number(each.gpu_ms, 0),
        String(each.dispatches),
        mebibytes(each.bytes_moved),
        each.wall_ms === null ? '' : mebibytes(each.bytes_allocated),
      ]),
    ),
  ]);
}

/** @param {any} report */
function scaling({ scaling: results }) {
  if (results.length === 0) return [];
  return [
    'How cost grows: as the size to this power.',
    markdown(
      ['cost', 'of', 'against', 'exponent', 'from, to', 'cost there'],
      results.map((/** @type {any} */ r) => [
        r.of,
        r.work,
        r.against,
        number(r.exponent, 2),
        `${r.points[0][0]}, ${r.points.at(-1)[0]}`,
        [r.points[0], r.points.at(-1)]
          .map(([, y]) => (r.of === 'bytes' ? `${mebibytes(y)} MiB` : `${(1000 * y).toFixed(0)} ms`))
          .join(', '),
      ]),
    ),
  ];
}

/** @param {any} report */
function steady({ steady: r }) {
  if (!r) return [];
  const heap = r.js_heap_growth === null ? 'not known here' : `${(r.js_heap_growth / 1024).toFixed(0)} KiB`;
  const share = (/** @type {number} */ value) => `${(100 * value).toFixed(1)}%`;
  return [
    `Steady steps, ${r.steps} of them, ${number(r.step_ms)} ms each: ${r.gpu_bytes_allocated} bytes of GPU memory allocated in ${r.buffers_created} buffers, the heap ${heap} larger, a step ${share(r.step_time_drift)} longer than that of a trainer which was just opened${r.step_time_chance === undefined ? '' : ` (within ${share(r.step_time_chance)} is chance)`}.`,
  ];
}

const STATIONS = /** @type {const} */ ([
  ['first_paint', 'first paint'],
  ['worker_started', 'trainer’s thread started'],
  ['device', 'device'],
  ['model_loaded', 'base model read'],
  ['self_tested', 'device tested'],
  ['button_pressed', 'Run can be pressed, and is'],
  ['tuned', 'kernels chosen'],
  ['compiled', 'kernels compiled'],
  ['ready', 'run loaded'],
  ['first_rollout', 'first tokens of a rollout'],
  ['first_rollout_on_screen', 'these on screen'],
  ['first_step', 'first step finished'],
]);

/** @param {any} report */
function startup({ startup: r }) {
  if (!r) return [];
  return [
    `From asking for the page, seconds, medians of ${r.rounds} rounds; cold is a fresh profile, warm its second opening.`,
    markdown(
      ['until', 'cold', 'warm'],
      STATIONS.map(([name, words]) => [words, number(r.cold[name], 2), number(r.warm[name], 2)]),
    ),
    ...(r.step
      ? [
          `While a step of ${number(r.step.seconds)} s is computed, the main thread is busy for ${number(r.step.main_thread_ms, 0)} ms and the trainer’s thread for ${number(r.step.worker_ms, 0)} ms.`,
        ]
      : []),
  ];
}

/** @param {string} title @param {[string, unknown][]} entries */
const reasons = (title, entries) =>
  entries.length > 0 ? [`${title}:\n${entries.map(([name, why]) => `- ${name}: ${why}`).join('\n')}`] : [];

/**
 * @param {any} report a `BenchReport`
 * @returns {string}
 */
export function table(report) {
  return [
    `${report.adapter}; ${report.runtime}; ${report.machine}; ${report.date}; load average ${report.load_average}${report.quick ? '; quickly (`--quick`)' : ''}.`,
    Object.entries(report.libraries)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    ...products(report),
    ...trainStep(report),
    ...decode(report),
    ...rlStep(report),
    ...scaling(report),
    ...steady(report),
    ...startup(report),
    ...pytorch(report),
    ...reasons('Could not run here', Object.entries(report.unavailable)),
    ...reasons('Failed', Object.entries(report.failed)),
  ].join('\n\n');
}

/** @param {any} report */
function pytorch({ pytorch: results, train_step: ours }) {
  if (!results?.length) return [];
  // A graphics card takes a few milliseconds, a processor seconds.
  const ms = (/** @type {number | null | undefined} */ seconds) =>
    number(seconds && seconds * 1000, seconds && seconds < 0.1 ? 2 : 0);
  return [
    'The same training step in PyTorch on the same machine, from the same weights on the same rows.',
    markdown(
      [
        'policy',
        'PyTorch',
        'device',
        'same numbers',
        'PyTorch, ms',
        'compiled, ms',
        'ours, ms',
        'ours over the better',
      ],
      results.map((/** @type {any} */ r) => {
        const mine = ours.find((/** @type {any} */ each) => each.label === r.label)?.seconds.ours;
        const best = Math.min(r.seconds, r.seconds_compiled ?? r.seconds);
        return [
          r.label,
          r.version,
          r.device === 'cpu' && r.threads ? `torch-cpu, ${r.threads} threads` : r.device,
          r.loss_agrees ? 'yes' : `no (${r.difference.toExponential(1)})`,
          ms(r.seconds),
          ms(r.seconds_compiled),
          ms(mine),
          mine && `${(best / mine).toFixed(2)}x`,
        ];
      }),
    ),
  ];
}

/**
 * What the README says of a report: one row of ratios.
 * @param {any} report
 */
export function headline(report) {
  const range = (/** @type {(number | null)[]} */ values) => {
    const known = values.filter((value) => value !== null);
    if (known.length === 0) return 'could not run';
    const [low, high] = [Math.min(...known), Math.max(...known)];
    return low.toFixed(1) === high.toFixed(1) ? times(low) : `${low.toFixed(1)}–${times(high)}`;
  };
  // What was not measured is not said to fail.
  const of = (/** @type {any[]} */ results, /** @type {string} */ field) =>
    results.length === 0 ? '' : range(results.map((r) => r[field]));
  return [
    of(report.matmul, 'ours_over_best_peer'),
    of(report.train_step, 'ours_over_tfjs'),
    of(report.train_step, 'ours_over_jaxjs'),
    of(report.decode, 'ours_over_ort'),
    report.startup ? `${number(report.startup.warm.first_rollout, 1)} s` : '',
  ];
}

/** @param {[name: string, report: any][]} reports */
export const headlines = (reports) =>
  markdown(
    [
      'where',
      'products, over the better of both',
      'training step, over TensorFlow.js',
      'over jax-js',
      'decoding, over ONNX Runtime webgpu',
      'first rollout, warm',
    ],
    reports.map(([name, report]) => [name, ...headline(report)]),
  );
