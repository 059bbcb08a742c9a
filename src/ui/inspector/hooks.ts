/** The inspector's state in React: one narrow selector a component. */
import { useMemo } from 'react';
import { useStore } from 'zustand';
import { usePage, useSession } from '../state/context';
import { shownManifest } from '../state/selectors';
import { attentionAt, type InspectedRollout, type TokenNumbers, tokenNumbers } from '../views/inspector';
import type { Answer, InspectorState } from './desk';

export function useInspector<T>(selector: (state: InspectorState) => T): T {
  return useStore(useSession().inspector.store, selector);
}

/** The chosen rollout with the numbers of all its tokens. */
export interface Looked {
  rollout: InspectedRollout;
  numbers: readonly TokenNumbers[];
  answer: Answer | null;
}

export function useLooked(): Looked | null {
  const rollout = useInspector((state) => state.rollout);
  const answer = useInspector((state) => state.answer);
  const manifest = usePage(shownManifest);
  return useMemo(
    () => rollout && { rollout, answer, numbers: tokenNumbers(rollout, manifest, answer?.seen ?? null) },
    [rollout, answer, manifest],
  );
}

const NOTHING = new Float32Array(0);

/** [position] the weights of the chosen head where the chosen token was predicted; empty without a policy. */
export function useAttention({ numbers, answer }: Looked): Float32Array {
  const position = useInspector((state) => state.position);
  return useMemo(
    () => (answer ? attentionAt(position, numbers.length, answer.seen) : NOTHING),
    [answer, position, numbers.length],
  );
}
