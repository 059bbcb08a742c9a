/**
 * What went wrong, as the command line says it. `lab/errors.ts` knows the causes; its remedies speak to the page,
 * so those that a terminal cannot follow are put into the command line's words here.
 */
import { explainError } from '../errors';
import type { LabError } from '../protocol';

const REMEDIES: Readonly<Record<string, string>> = {
  'no-adapter':
    'Install a Vulkan driver: that of your GPU, or Mesa 25 or newer, whose lavapipe needs none (on Debian and Ubuntu: sudo apt-get install mesa-vulkan-drivers libvulkan1); `npm test` finds out what is missing.',
  'no-device': 'Close other programs that use the GPU and try again.',
  'self-test': 'Update the graphics driver; `lab check` shows every compared quantity.',
  'device-lost': 'Go on from the last checkpoint with --resume.',
  'non-finite':
    'Start another run with a lower learning_rate or max_grad_norm; --resume would meet the same numbers again.',
};

/** One paragraph: what is wrong, and what to do. */
export function describeFailure(error: LabError): string {
  // What the lab has no name for (a full disk, say) brings its own words.
  if (error.code === 'internal') return error.message;
  const message = error.code === 'no-adapter' ? 'Dawn offers no WebGPU adapter.' : error.message;
  return `${message} ${REMEDIES[error.code] ?? error.remedy}`.trim();
}

/** The same for anything thrown. */
export function describeThrown(error: unknown): string {
  return describeFailure(explainError(error, null));
}
