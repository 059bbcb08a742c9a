/** React's door to the session and its store: one selector a panel, so that a step draws only what it changed. */
import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import { useShallow } from 'zustand/react/shallow';
import { themeStore } from '../theme/theme';
import { type Allowed, allowedIn, factsOf } from './allowed';
import type { Session } from './session';
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

/** As `usePage`, for a selector that makes a flat object or list: the same fields draw nothing again. */
export function usePageFields<T>(selector: (page: PageState) => T): T {
  return useStore(useSession().store, useShallow(selector));
}

export function useAllowed(): Allowed {
  return usePageFields((page) => allowedIn(page.lab.state, factsOf(page)));
}

export const useTheme = () => useStore(themeStore);
