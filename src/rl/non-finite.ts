/** The error of a step that came to something that is no number. Thrown by the step's phases, explained by the lab. */

/** The gradient or the loss stopped being a number. Nothing was applied: the policy is as the last step left it. */
export class NonFiniteError extends Error {
  constructor(
    readonly step: number,
    /** What is not finite, and where. */
    what: string,
  ) {
    super(`step ${step}: ${what}; the step was not applied`);
    this.name = 'NonFiniteError';
  }
}
