/**
 * The device: acquiring it from whatever WebGPU there is (a page's, a worker's, Node's Dawn), and its buffers.
 * Knows no model. Errors say what is missing and what to do.
 */
import type { AdapterInfo } from '../run/events';
import { Kernels } from './kernel';

/** No usable GPU. `code` is stable: the page chooses its help by it. */
export class GpuUnavailable extends Error {
  constructor(
    readonly code: 'no-webgpu' | 'no-adapter' | 'no-device',
    message: string,
    readonly remedy: string,
  ) {
    super(message);
    this.name = 'GpuUnavailable';
  }
}

/** The device went away in the middle of something. */
export class DeviceLost extends Error {
  constructor(readonly info: { reason: string; message: string }) {
    super(`device lost (${info.reason}): ${info.message || 'no further message'}`);
    this.name = 'DeviceLost';
  }
}

/** An allocation or a command the device refused. */
export class DeviceError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DeviceError';
  }
}

/** Limits the engine raises above WebGPU's defaults where the adapter allows it. */
const RAISED = ['maxBufferSize', 'maxStorageBufferBindingSize'] as const;

export interface Gpu {
  device: GPUDevice;
  kernels: Kernels;
  info: AdapterInfo;
  /** Invocations of a subgroup where the adapter has subgroups and they are always of this size; else 0. */
  subgroupSize: number;
  /** Kernel variants chosen by measurement; what is not in here is computed by the variant that always works. */
  choices: Map<string, string>;
  /** Rejects with `DeviceLost` when the device goes away; never resolves. */
  lost: Promise<never>;
  /** Set once the device is lost or an uncaptured error was raised. */
  failure(): Error | null;
}

/**
 * Asks for an adapter and a device.
 * @throws GpuUnavailable
 */
export async function openGpu(gpu: GPU | undefined): Promise<Gpu> {
  if (!gpu)
    throw new GpuUnavailable(
      'no-webgpu',
      'This browser has no WebGPU.',
      'Use Chrome or Edge 113 or newer, Safari 26 or newer, or Firefox 141 or newer.',
    );
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter)
    throw new GpuUnavailable(
      'no-adapter',
      'WebGPU is there, but it offers no adapter.',
      'Update the graphics driver, or switch WebGPU on in the browser’s flags; without a GPU a software adapter will do.',
    );
  const requiredLimits = Object.fromEntries(RAISED.map((name) => [name, adapter.limits[name]]));
  const requiredFeatures = (['timestamp-query', 'subgroups'] as const).filter((f) => adapter.features.has(f));
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({ label: 'lab.device', requiredLimits, requiredFeatures });
  } catch (error) {
    throw new GpuUnavailable(
      'no-device',
      `The adapter gave no device: ${error instanceof Error ? error.message : error}`,
      'Close other pages that use the GPU and load the page again.',
    );
  }
  let failure: Error | null = null;
  const lost = device.lost.then((info): never => {
    const error = new DeviceLost({ reason: info.reason, message: info.message });
    failure = error;
    throw error;
  });
  lost.catch(() => {});
  device.addEventListener('uncapturederror', (event) => {
    failure ??= new DeviceError((event as GPUUncapturedErrorEvent).error.message);
  });
  return {
    device,
    kernels: new Kernels(device),
    info: describeAdapter(adapter, device),
    subgroupSize: fixedSubgroupSize(adapter, device),
    choices: new Map(),
    lost,
    failure: () => failure,
  };
}

function fixedSubgroupSize({ info }: GPUAdapter, device: GPUDevice): number {
  if (!device.features.has('subgroups') || info.subgroupMinSize !== info.subgroupMaxSize) return 0;
  return info.subgroupMinSize ?? 0;
}

function describeAdapter(adapter: GPUAdapter, device: GPUDevice): AdapterInfo {
  const { vendor, architecture, device: name, description } = adapter.info;
  const limits: Record<string, number> = {};
  for (const key of [
    'maxBufferSize',
    'maxStorageBufferBindingSize',
    'maxStorageBuffersPerShaderStage',
    'maxComputeInvocationsPerWorkgroup',
    'maxComputeWorkgroupStorageSize',
    'maxComputeWorkgroupsPerDimension',
  ] as const)
    limits[key] = device.limits[key];
  return {
    vendor,
    architecture,
    device: name,
    description,
    software: /swiftshader|llvmpipe|lavapipe|software/i.test(
      `${vendor} ${architecture} ${name} ${description}`,
    ),
    features: [...adapter.features].sort(),
    limits,
  };
}

const STORAGE = 0x80 | 0x08 | 0x04; // STORAGE | COPY_DST | COPY_SRC

/** Makes labelled buffers, adds up what they take, and destroys them together. */
export class BufferPool {
  private readonly held = new Map<GPUBuffer, number>();
  /** Buffers made since the pool began, for the test that a steady step makes none. */
  created = 0;

  constructor(private readonly device: GPUDevice) {}

  /** Bytes held. */
  get bytes(): number {
    let sum = 0;
    for (const size of this.held.values()) sum += size;
    return sum;
  }

  /** Every buffer held, by its label. */
  inventory(): { label: string; bytes: number; usage: number }[] {
    return [...this.held].map(([{ label, usage }, bytes]) => ({ label, bytes, usage }));
  }

  /** A storage buffer of `values` 4-byte values (at least one), zero at first. */
  storage(label: string, values: number): GPUBuffer {
    return this.make(label, Math.max(4, values * 4), STORAGE);
  }

  /** A uniform buffer holding `data`, padded to 16 bytes; it may be written again. */
  uniform(label: string, data: Uint32Array | Float32Array | ArrayBuffer): GPUBuffer {
    const bytes =
      data instanceof ArrayBuffer
        ? new Uint8Array(data)
        : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const buffer = this.make(
      label,
      Math.ceil(bytes.length / 16) * 16,
      GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    );
    this.device.queue.writeBuffer(buffer, 0, bytes as Uint8Array<ArrayBuffer>);
    return buffer;
  }

  /** A buffer the host can map for reading. */
  readback(label: string, bytes: number): GPUBuffer {
    return this.make(label, Math.max(4, bytes), GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  }

  /** Counts a buffer made elsewhere, and destroys it with the others. */
  adopt(buffer: GPUBuffer): void {
    this.held.set(buffer, buffer.size);
    this.created++;
  }

  destroy(buffers: Iterable<GPUBuffer> = this.held.keys()): void {
    for (const buffer of [...buffers]) {
      buffer.destroy();
      this.held.delete(buffer);
    }
  }

  private make(label: string, size: number, usage: number): GPUBuffer {
    const limit = this.device.limits.maxBufferSize;
    if (size > limit)
      throw new DeviceError(`buffer ${label}: expected at most ${limit} bytes on this adapter, got ${size}`);
    const buffer = this.device.createBuffer({ label, size: Math.ceil(size / 4) * 4, usage });
    this.held.set(buffer, buffer.size);
    this.created++;
    return buffer;
  }
}
