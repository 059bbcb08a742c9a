import { beforeAll, describe, expect, it } from 'vitest';
import { BufferPool, DeviceError, type Gpu, GpuUnavailable, openGpu } from './device';
import { Kernels, ShaderError } from './kernel';
import { openTestGpu } from './testing';

const DOUBLE = {
  name: 'double',
  code: `const FACTOR: f32 = 2.0;
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@compute @workgroup_size(64)
fn double(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < arrayLength(&x)) { x[id.x] *= FACTOR; }
}`,
};

let gpu: Gpu;
let buffers: BufferPool;
beforeAll(async () => {
  gpu = await openTestGpu();
  buffers = new BufferPool(gpu.device);
});

/** Runs `act` with validation errors kept from the other tests. */
async function scoped<T>(act: () => Promise<T>): Promise<T> {
  gpu.device.pushErrorScope('validation');
  try {
    return await act();
  } finally {
    await gpu.device.popErrorScope();
  }
}

describe('kernels', () => {
  it('compile one pipeline for each file and set of constants', async () => {
    const kernels = new Kernels(gpu.device);
    const x = buffers.storage('x', 4);
    kernels.bind(DOUBLE, { x });
    kernels.bind(DOUBLE, { x });
    expect(kernels.size).toBe(1);
    kernels.bind(DOUBLE, { x }, { FACTOR: 3 });
    expect(kernels.size).toBe(2);
    const progress: [number, number][] = [];
    await kernels.ready((done, total) => progress.push([done, total]));
    expect(progress).toEqual([
      [0, 2],
      [1, 2],
      [2, 2],
    ]);
  });

  it('that were foreseen are compiled before they are asked for, and only once', async () => {
    const kernels = new Kernels(gpu.device);
    kernels.foresee({ file: DOUBLE, constants: { FACTOR: 3 } });
    await kernels.ready();
    const { built, sources } = kernels.building(() => {
      const x = buffers.storage('x', 4);
      kernels.needed('next', () => kernels.bind(DOUBLE, { x }, { FACTOR: 5 }));
      kernels.needed('later', () => kernels.bind(DOUBLE, { x }, { FACTOR: 7 }));
      return kernels.bind(DOUBLE, { x }, { FACTOR: 3 });
    });
    expect(built.isCompiled).toBe(true);
    expect(kernels.size).toBe(3);
    // What can be kept of them for another time.
    expect(sources('next').map(({ constants }) => constants.FACTOR)).toEqual([3, 5]);
  });

  it('are waited for by whoever asked for them, and not by whoever asked for others', async () => {
    const kernels = new Kernels(gpu.device);
    const x = buffers.storage('x', 4);
    const broken = { name: 'broken', code: DOUBLE.code.replace('*= FACTOR', '*= MISSING') };
    const mine = kernels.building(() => kernels.bind(DOUBLE, { x }));
    const theirs = kernels.building(() => kernels.bind(broken, { x }));
    const again = kernels.building(() => kernels.bind(DOUBLE, { x }));
    await mine.ready('first');
    await again.ready('first');
    await expect(theirs.ready('first')).rejects.toThrow(/MISSING/);
    // A kernel that does not compile is no failure of the device.
    expect(gpu.failure()).toBeNull();
  });

  /** Kernels of a device whose driver compiles one more each time it is told to. */
  function slowly() {
    const asked: string[] = [];
    const compiled: string[] = [];
    const under: (() => void)[] = [];
    const device = {
      createBindGroupLayout: gpu.device.createBindGroupLayout.bind(gpu.device),
      createBindGroup: () => null,
      createPipelineLayout: () => null,
      createShaderModule: () => null,
      pushErrorScope: () => {},
      popErrorScope: async () => null,
      createComputePipelineAsync: ({ label }: { label: string }) => {
        asked.push(label);
        return new Promise((resolve) => under.push(() => resolve(compiled.push(label))));
      },
    } as unknown as GPUDevice;
    const kernels = new Kernels(device);
    const turn = () => new Promise((resolve) => setTimeout(resolve));
    return {
      kernels,
      asked,
      compiled,
      bind: (name: string) => kernels.bind({ ...DOUBLE, name }, { x: buffers.storage('x', 4) }),
      async compileAll(): Promise<void> {
        await turn();
        while (under.length > 0) {
          under.shift()!();
          await turn();
        }
      },
      turn,
    };
  }

  it('are compiled when somebody is likely to need them, and at once when somebody does', async () => {
    const { kernels, bind, compiled, compileAll } = slowly();
    let seen = () => {};
    const until = new Promise<void>((resolve) => {
      seen = resolve;
    });
    const hurried: boolean[] = [];
    const { ready } = kernels.building(
      () => {
        kernels.needed('later', () => ['backward', 'shared'].map(bind));
        kernels.needed('soon', () => bind('faster'));
        kernels.needed('next', () => {
          bind('decode');
          hurried.push(kernels.isHurried);
        });
        bind('score');
      },
      { until },
    );
    expect([...hurried, kernels.isHurried]).toEqual([true, false]);
    const [first, next] = [ready('first'), ready('next')];
    await compileAll();
    await Promise.all([first, next]);
    expect(compiled).toEqual(['score', 'decode']);
    // Another's that needs one of those which are held.
    const other = kernels.building(() => bind('shared'));
    const others = other.ready('first');
    await compileAll();
    await others;
    expect(compiled.slice(2)).toEqual(['shared']);
    seen();
    await compileAll();
    expect(compiled.slice(3)).toEqual(['faster', 'backward']);
    await ready('later');
    const never = kernels.building(() => kernels.needed('later', () => bind('held')), {
      until: new Promise(() => {}),
    });
    await compileAll();
    expect(compiled).not.toContain('held');
    const awaited = never.ready('later');
    await compileAll();
    await awaited;
    expect(compiled).toContain('held');
  });

  it('are compiled in the order in which they were asked for, however many there are', async () => {
    const { kernels, asked, compiled, bind, compileAll, turn } = slowly();
    const names = Array.from({ length: 10 }, (_, i) => `kernel${i}`);
    names.forEach(bind);
    const ready = kernels.ready();
    await turn();
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.length).toBeLessThan(names.length);
    await compileAll();
    await ready;
    expect(asked).toEqual(names);
    expect(compiled).toEqual(names);
  });

  it('name bindings that are missing or unknown', () => {
    const kernels = new Kernels(gpu.device);
    const x = buffers.storage('x', 4);
    expect(() => kernels.bind(DOUBLE, {})).toThrow('kernel double: binding x is missing');
    expect(() => kernels.bind(DOUBLE, { x, y: x })).toThrow('kernel double: no binding named y');
  });

  it('refuse to be encoded before they are compiled, and encode nothing on an empty grid', async () => {
    const kernels = new Kernels(gpu.device);
    const kernel = kernels.bind(DOUBLE, { x: buffers.storage('x', 4) }, { FACTOR: 5 });
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    expect(() => kernel.encode(pass, [1, 1, 1])).toThrow('internal: kernel double is not compiled yet');
    kernel.encode(pass, [0, 1, 1]);
    pass.end();
    await kernels.ready();
  });

  it('report file, line, column and source of what does not compile', () =>
    scoped(async () => {
      const kernels = new Kernels(gpu.device);
      const broken = { name: 'broken', code: DOUBLE.code.replace('*= FACTOR', '*= MISSING') };
      kernels.bind(broken, { x: buffers.storage('x', 4) });
      const error = await kernels.ready().catch((e: unknown) => e);
      expect(error).toBeInstanceOf(ShaderError);
      const line = broken.code.split('\n').findIndex((text) => text.includes('MISSING'));
      const column = broken.code.split('\n')[line].indexOf('MISSING') + 1;
      expect(String(error)).toContain(`broken.wgsl:${line + 1}:${column}: `);
      expect(String(error)).toContain('x[id.x] *= MISSING');
      // Another user of the cache is not held up by it.
      kernels.bind(DOUBLE, { x: buffers.storage('x', 4) });
      await kernels.ready();
    }));

  it('count lines as in the file where a prelude comes before it', () =>
    scoped(async () => {
      const kernels = new Kernels(gpu.device);
      const x = buffers.storage('x', 4);
      const code = DOUBLE.code.replace('*= FACTOR', '*= MISSING');
      kernels.bind({ name: 'after', code, prelude: '// one\n// two\n' }, { x });
      await expect(kernels.ready()).rejects.toThrow(/^after\.wgsl:5:/);
      const other = new Kernels(gpu.device);
      other.bind({ name: 'before', code: DOUBLE.code, prelude: '// one\nfn f() { nothing(); }' }, { x });
      await expect(other.ready()).rejects.toThrow(/^prelude of before\.wgsl:2:/);
    }));
});

describe('buffers', () => {
  it('are counted while they are held', () => {
    const pool = new BufferPool(gpu.device);
    const first = pool.storage('first', 3);
    pool.storage('empty', 0);
    pool.uniform('uniform', new Uint32Array(5));
    expect(pool.bytes).toBe(12 + 4 + 32);
    pool.destroy([first]);
    expect(pool.bytes).toBe(36);
    pool.destroy();
    expect(pool.bytes).toBe(0);
    expect(pool.created).toBe(3);
  });

  it('larger than the adapter allows are refused with both numbers', () => {
    const limit = gpu.device.limits.maxBufferSize;
    const error = () => new BufferPool(gpu.device).storage('huge', limit / 4 + 1);
    expect(error).toThrow(DeviceError);
    expect(error).toThrow(`buffer huge: expected at most ${limit} bytes on this adapter, got ${limit + 4}`);
  });
});

describe('openGpu', () => {
  it('says what is missing and what to do without WebGPU, and without an adapter', async () => {
    const without = await openGpu(undefined).catch((e: unknown) => e);
    expect(without).toBeInstanceOf(GpuUnavailable);
    expect(without).toMatchObject({ code: 'no-webgpu', remedy: expect.stringContaining('Chrome') });
    const none = { requestAdapter: async () => null } as Partial<GPU> as GPU;
    expect(await openGpu(none).catch((e: unknown) => e)).toMatchObject({
      code: 'no-adapter',
      remedy: expect.stringContaining('driver'),
    });
  });

  it('asks for no more storage buffers a stage than every adapter has', () => {
    expect(gpu.device.limits.maxStorageBuffersPerShaderStage).toBe(8);
    expect(gpu.info.limits.maxBufferSize).toBe(gpu.device.limits.maxBufferSize);
    expect(gpu.failure()).toBeNull();
  });
});
