/**
 * A device opened and tested, and the host told how far it is. What a result means for a session, and what is done
 * with a device that fails, is not decided here. Used by `session.ts`.
 */
import { type Gpu, openGpu } from '../gpu/device';
import type { SelfTestResult } from '../run/events';
import { orDeviceLoss } from './device-loss';
import { type CaseFiles, START_CASES, selfTest } from './self-test';
import type { SessionHost } from './session-host';

/** An open device, with its test under way. */
export interface DeviceUnderTest {
  gpu: Gpu;
  test: Promise<SelfTestResult>;
}

/**
 * Opens the device and begins its test; the test's files are fetched while the adapter is asked for.
 * @param onOpened handed the device as soon as there is one, whatever becomes of its test.
 */
export async function openDevice(
  host: Pick<SessionHost, 'gpu' | 'readCases' | 'onProgress'>,
  onOpened: (gpu: Gpu) => void,
): Promise<DeviceUnderTest> {
  const files = host.readCases(START_CASES);
  // Of no interest where there is no device to test.
  files.catch(() => {});
  host.onProgress({ task: 'adapter', label: 'Asking for a GPU', done: 0, total: 1, unit: '' });
  const gpu = await openGpu(host.gpu());
  onOpened(gpu);
  host.onProgress({ task: 'adapter', label: 'Asking for a GPU', done: 1, total: 1, unit: '' });
  const cases = await files;
  return { gpu, test: testDevice(host, gpu, cases) };
}

/** The self-test with these cases; rejects when the device is lost meanwhile. */
export function testDevice(
  host: Pick<SessionHost, 'onProgress'>,
  gpu: Gpu,
  cases: readonly CaseFiles[],
): Promise<SelfTestResult> {
  return orDeviceLoss(
    gpu,
    selfTest(gpu, cases, (done, total) =>
      host.onProgress({
        task: 'self-test',
        label: 'Checking the GPU against PyTorch',
        done,
        total,
        unit: 'cases',
      }),
    ),
  );
}
