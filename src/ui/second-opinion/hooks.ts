/** React's door to the second opinion's store, and what its two panels read together. */
import { useMemo } from 'react';
import { useStore } from 'zustand';
import { usePageFields, useSession } from '../state/context';
import { factsOf, findSource, type Source, type SourceOption, sourceOptions } from './sources';
import type { OpinionState } from './state';

export function useOpinion<T>(selector: (opinion: OpinionState) => T): T {
  return useStore(useSession().opinion.store, selector);
}

/** The chosen policy, and those there are to choose from. */
export function useSources(): { value: string; source: Source; options: SourceOption[] } {
  const facts = usePageFields(factsOf);
  const chosen = useOpinion((opinion) => opinion.chosen);
  return useMemo(() => ({ ...findSource(facts, chosen), options: sourceOptions(facts) }), [facts, chosen]);
}
