/**
 * What a knob of the manifest is made of: a zod schema with what the form, the help and the error messages say of it.
 * Used by `manifest.ts` and the files that define its knobs; not the knobs themselves.
 */
import { z } from 'zod';

/** The form's groups, in the order of a run. */
export const SECTIONS = [
  'task',
  'policy',
  'rollouts',
  'method',
  'masa',
  'training',
  'evaluation',
  'run',
] as const;
export type Section = (typeof SECTIONS)[number];

/** What the form, the help text and the error messages say about a knob. */
export interface KnobMeta {
  section: Section;
  /** Short label, sentence case. */
  label: string;
  /** One or two sentences: what it does and what to expect when it changes. */
  help: string;
  /** Shown behind a "more" switch rather than at once. */
  advanced?: boolean;
  /** Step of the form's number input, or 'log' for a logarithmic one. */
  step?: number | 'log';
}

export const knob = <T extends z.ZodType>(schema: T, meta: KnobMeta): T => schema.meta({ ...meta }) as T;

export const integer = (low: number, high: number, value: number) =>
  z.int().min(low).max(high).default(value);
export const real = (low: number, high: number, value: number) =>
  z.number().min(low).max(high).default(value);
