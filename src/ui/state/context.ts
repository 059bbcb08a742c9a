/** React's door to the session and its store: one selector a panel, so that a step draws only what it changed. */
import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import { themeStore } from '../theme/theme';
import type { Allowed, Session } from './session';
import { allowedIn } from './session';
import { hasInvalid } from './settings';
import type { PageState } from './store';

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('internal: useSession: expected a SessionContext above this component');
  return session;
}

/** The selected part of the page's state; the selector has to return the same value for the same state. */
export function usePage<T>(selector: (page: PageState) => T): T {
  return useStore(useSession().store, selector);
}

export function useAllowed(): Allowed {
  const state = usePage((page) => page.lab.state);
  const valid = usePage((page) => !hasInvalid(page.settings));
  const hasCheckpoint = usePage((page) => page.run.checkpoint !== null);
  return allowedIn(state, valid, hasCheckpoint);
}

export const useTheme = () => useStore(themeStore);
