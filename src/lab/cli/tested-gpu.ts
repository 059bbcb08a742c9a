/** A device for the commands without a session: opened, held to the self-test, and gone afterwards. */
import type { Gpu } from '../../gpu/device';
import { START_CASES, selfTest } from '../self-test';
import { readCaseFiles, shippedCase } from './case-files';
import { withNodeGpu } from './node-gpu';

/**
 * Runs `work` on a device that computes what PyTorch does.
 * @throws GpuUnavailable; Error when the self-test finds wrong numbers.
 */
export function withTestedGpu<T>(work: (gpu: Gpu) => Promise<T>): Promise<T> {
  return withNodeGpu(async (gpu) => {
    const { status, reason } = await selfTest(
      gpu,
      START_CASES.map((name) => readCaseFiles(shippedCase(name))),
    );
    if (status === 'failed')
      throw new Error(
        `This adapter computes wrong numbers: ${reason}. Update the graphics driver; \`lab check\` shows every compared quantity.`,
      );
    return work(gpu);
  });
}
