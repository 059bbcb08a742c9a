/** The outcome of a self-test in a few words, as reports and the command line give it. */
import type { SelfTestResult } from './events';

export function selfTestText({ status, reason, tested_at }: SelfTestResult): string {
  if (reason) return `${status}: ${reason}`;
  return tested_at === undefined
    ? status
    : `${status} on an earlier visit, ${tested_at}; repeated before the first update`;
}
