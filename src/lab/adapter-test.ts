/**
 * What is known of a session's adapter: its self-test's result. Where an earlier visit found the adapter sound, that
 * holds until the test is repeated, so that the first rollouts do not wait for it. When it is repeated, and what a
 * failure comes to, is the session's business. Used by `device-opening.ts` and `session.ts`.
 */
import type { Gpu } from '../gpu/device';
import { type SelfTestResult, selfTestResult } from '../run/events';
import { orDeviceLoss } from './device-loss';
import { SelfTestError } from './errors';
import { type CaseFiles, START_CASES, selfTest } from './self-test';
import type { SessionHost } from './session-host';
import { adapterKey } from './tuning';

/**
 * Where the result of a passed test is kept from one visit to the next, by adapter and version. No call may fail the
 * session: what is lost is tested again.
 */
export interface TestStore {
  recall(adapter: string): Promise<string | null>;
  keep(adapter: string, result: string): Promise<void>;
  forget(adapter: string): Promise<void>;
}

export class AdapterTest {
  private known: SelfTestResult | null = null;
  private files: Promise<CaseFiles[]> | null = null;
  private repeating: Promise<void> | null = null;

  constructor(private readonly host: Pick<SessionHost, 'readCases' | 'onProgress' | 'tests' | 'onTested'>) {}

  /** null before anything is known; with `tested_at` it is an earlier visit's. */
  get result(): SelfTestResult | null {
    return this.known;
  }

  /** Fetches what the test needs, so that this can go on while the device is asked for. */
  prepare(): void {
    this.files = this.host.readCases(START_CASES);
    // Of no interest where there is no device to test.
    this.files.catch(() => {});
  }

  /**
   * What an earlier visit found on this adapter, else what a test finds now.
   * @throws DeviceLost when the device is lost meanwhile, and what reading the cases throws.
   */
  async know(gpu: Gpu): Promise<SelfTestResult> {
    this.known = await this.recall(gpu);
    return this.known ?? this.make(gpu, await this.cases());
  }

  /**
   * What the test found in this visit; it is made now where only an earlier one's result is known. Whoever asks
   * meanwhile waits for the same.
   * @throws SelfTestError when it fails; what `know` throws.
   */
  async confirm(gpu: Gpu): Promise<void> {
    if (this.known?.tested_at !== undefined) {
      this.repeating ??= this.repeat(gpu).finally(() => {
        this.repeating = null;
      });
      await this.repeating;
    }
    if (this.known?.status === 'failed') throw new SelfTestError(this.known.reason);
  }

  /** The test with these cases, and what follows from it for later visits. */
  async make(gpu: Gpu, cases: readonly CaseFiles[]): Promise<SelfTestResult> {
    const { host } = this;
    const test = selfTest(gpu, cases, (done, total) =>
      host.onProgress({
        task: 'self-test',
        label: 'Checking the GPU against PyTorch',
        done,
        total,
        unit: 'cases',
      }),
    );
    const result = await orDeviceLoss(gpu, test);
    this.known = result;
    const kept = JSON.stringify({ ...result, tested_at: new Date().toISOString() });
    // Nobody waits for it: that would be told as the test's time.
    void (result.status === 'passed'
      ? host.tests?.keep(adapterKey(gpu), kept)
      : host.tests?.forget(adapterKey(gpu)));
    return result;
  }

  private async repeat(gpu: Gpu): Promise<void> {
    const result = await this.make(gpu, await this.cases());
    this.host.onTested?.(gpu.info, result);
  }

  private async recall(gpu: Gpu): Promise<SelfTestResult | null> {
    const text = await this.host.tests?.recall(adapterKey(gpu));
    if (!text) return null;
    try {
      const kept = selfTestResult.parse(JSON.parse(text));
      return kept.status === 'passed' && kept.tested_at !== undefined ? kept : null;
    } catch {
      return null;
    }
  }

  /** Those that were fetched ahead; where that failed, another try. */
  private cases(): Promise<CaseFiles[]> {
    const { files } = this;
    this.files = null;
    const again = () => this.host.readCases(START_CASES);
    return files ? files.catch(again) : again();
  }
}
