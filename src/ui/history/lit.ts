/**
 * The one prompt that is pointed at, by pointer or focus, anywhere on the page: every panel that draws it lights it.
 * A store of its own, so that moving the pointer wakes only what listens. Knows nothing of how it is drawn.
 */
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';

export interface LitPrompt {
  step: number;
  /** Number of the prompt among the step's candidates (`candidateOf`). */
  candidate: number;
}

export const litStore = createStore<{ lit: LitPrompt | null }>(() => ({ lit: null }));

const isSame = (lit: LitPrompt | null, step: number | null, candidate: number): boolean =>
  lit !== null && lit.step === step && lit.candidate === candidate;

export function lightPrompt(lit: LitPrompt): void {
  if (!isSame(litStore.getState().lit, lit.step, lit.candidate)) litStore.setState({ lit });
}

/** Puts out the light, unless it has gone on to another prompt meanwhile. */
export function unlightPrompt(lit: LitPrompt): void {
  if (isSame(litStore.getState().lit, lit.step, lit.candidate)) litStore.setState({ lit: null });
}

/** The prompt that is pointed at, for panels that draw many of them at once. */
export const useLitPrompt = (): LitPrompt | null => useStore(litStore, (state) => state.lit);

export const useIsLit = (step: number | null, candidate: number): boolean =>
  useStore(litStore, (state) => isSame(state.lit, step, candidate));

/** What an element that stands for a prompt spreads: it lights on pointer and focus. Style `[data-lit='true']`. */
export function useLight(step: number | null, candidate: number) {
  const lit = useIsLit(step, candidate);
  const on = () => step !== null && lightPrompt({ step, candidate });
  const off = () => step !== null && unlightPrompt({ step, candidate });
  return { onPointerEnter: on, onPointerLeave: off, onFocus: on, onBlur: off, 'data-lit': lit };
}
