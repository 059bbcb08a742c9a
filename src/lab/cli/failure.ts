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

/** The error in the command line's words. */
export function inTerminalWords(error: LabError): LabError {
  // What the lab has no name for brings its own words, and no better remedy.
  if (error.code === 'internal') return { ...error, remedy: '' };
  const message = error.code === 'no-adapter' ? 'Dawn offers no WebGPU adapter.' : error.message;
  return { ...error, message, remedy: REMEDIES[error.code] ?? error.remedy };
}

/** One paragraph: what is wrong, and what to do. */
export function describeFailure(error: LabError): string {
  const { message, remedy } = inTerminalWords(error);
  return remedy === '' ? message : `${/[.?!]$/.test(message) ? message : `${message}.`} ${remedy}`;
}

/** The same for anything thrown. */
export function describeThrown(error: unknown): string {
  return describeFailure(explainError(error, null));
}
