/** A device for the commands without a session: opened, held to the self-test, and gone afterwards. */
import type { Gpu } from '../../gpu/device';
import { selfTest } from '../self-test';
import { readCaseFiles, SELF_TEST_CASE, shippedCase } from './case-files';
import { withNodeGpu } from './node-gpu';

/**
 * Runs `work` on a device that computes what PyTorch does.
 * @throws GpuUnavailable; Error when the self-test finds wrong numbers.
 */
export function withTestedGpu<T>(work: (gpu: Gpu) => Promise<T>): Promise<T> {
  return withNodeGpu(async (gpu) => {
    const { status, reason } = await selfTest(gpu, [readCaseFiles(shippedCase(SELF_TEST_CASE))]);
    if (status === 'failed')
      throw new Error(
        `This adapter computes wrong numbers: ${reason}. Update the graphics driver; \`lab check\` shows every compared quantity.`,
      );
    return work(gpu);
  });
}
