/** Counts the device memory that is allocated by anybody from now on, by what was being done. Used by rl-step.ts and steady.ts. */

export class Allocations {
  /** What is being done. */
  stage = '';
  buffers = 0;
  bytes = 0;
  readonly byStage = new Map<string, number>();
  private readonly create: GPUDevice['createBuffer'];

  constructor(private readonly device: GPUDevice) {
    this.create = device.createBuffer;
    device.createBuffer = (descriptor) => {
      this.buffers++;
      this.bytes += descriptor.size;
      this.byStage.set(this.stage, (this.byStage.get(this.stage) ?? 0) + descriptor.size);
      return this.create.call(device, descriptor);
    };
  }

  reset(): void {
    this.buffers = 0;
    this.bytes = 0;
    this.byStage.clear();
  }

  /** Counts no longer. */
  end(): void {
    this.device.createBuffer = this.create;
  }
}
