/** How a Chromium is started that measures: on its software adapter unless BENCH_GPU=hardware asks for the machine's. */

export const chromiumArguments = () => [
  '--enable-unsafe-webgpu',
  ...(process.env.BENCH_GPU === 'hardware' ? [] : ['--use-webgpu-adapter=swiftshader']),
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
];
