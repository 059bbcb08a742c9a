/**
 * The profile that is taken of a policy's work, while there is one: begun, told what is being done, kept out of what is
 * no part of a step, taken or dropped. What it records is `gpu/profile.ts`'s, how it is added up `kernel-profile.ts`'s.
 * Used by `policy.ts`, and through it by the trainer and the benchmarks.
 */
import { Profile } from '../gpu/profile';
import { type KernelProfile, summarise } from './kernel-profile';
import type { OpMaker } from './workspace';

export class Profiling {
  /** @param maker whose passes are profiled: it encodes to the profile it has. */
  constructor(private readonly maker: Pick<OpMaker, 'device' | 'profile'>) {}

  get isOn(): boolean {
    return this.maker.profile !== null;
  }

  /** Records every dispatch from here on, until `take`, in place of a profile that was not taken. */
  start(): void {
    this.drop();
    this.maker.profile = new Profile(this.maker.device);
  }

  /** What is being done from here on; without a profile, nothing. */
  set stage(stage: string) {
    if (this.maker.profile) this.maker.profile.stage = stage;
  }

  /** What the dispatches were since `start`, kernel by kernel. Waits for the device. */
  async take(): Promise<KernelProfile> {
    const { profile } = this.maker;
    if (!profile) throw new Error('internal: no profile was started');
    this.maker.profile = null;
    return summarise(await profile.take(), profile.timed);
  }

  /** Ends a profile that is not to be taken. */
  drop(): void {
    this.maker.profile?.destroy();
    this.maker.profile = null;
  }

  /** Work that the profile does not see. */
  async without<T>(work: () => Promise<T>): Promise<T> {
    const { maker } = this;
    const { profile } = maker;
    maker.profile = null;
    try {
      return await work();
    } finally {
      if (profile && !profile.ended) maker.profile ??= profile;
    }
  }
}
