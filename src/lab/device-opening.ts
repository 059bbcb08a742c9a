/**
 * A device opened, its test begun, and the host told how far it is. What a result means for a session, and what is done
 * with a device that fails, is not decided here. Used by `session.ts`.
 */
import { type Gpu, openGpu } from '../gpu/device';
import type { SelfTestResult } from '../run/events';
import type { AdapterTest } from './adapter-test';
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
  host: Pick<SessionHost, 'gpu' | 'earlyDevice' | 'onProgress'>,
  adapterTest: AdapterTest,
  onOpened: (gpu: Gpu) => void,
): Promise<DeviceUnderTest> {
  adapterTest.prepare();
  host.onProgress({ task: 'adapter', label: 'Asking for a GPU', done: 0, total: 1, unit: '' });
  const gpu = await (host.earlyDevice?.() ?? openGpu(host.gpu()));
  onOpened(gpu);
  host.onProgress({ task: 'adapter', label: 'Asking for a GPU', done: 1, total: 1, unit: '' });
  return { gpu, test: adapterTest.know(gpu) };
}
