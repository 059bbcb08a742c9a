/** Starts the page: theme, settings from the link, the session with the worker, and React around them. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App';
import { Boundary } from './components/Boundary';
import { openAddress, REPLAY_KEY } from './replay/address';
import { Session } from './state/session';
import { settingsFromAddress } from './state/settings';
import { createPageStore } from './state/store';
import './theme/base.css';
import { installTheme } from './theme/theme';

const root = document.getElementById('root');
if (!root) throw new Error('internal: main: expected an element #root in index.html');

installTheme();
const session = new Session(createPageStore(settingsFromAddress(location.search, [REPLAY_KEY])));

createRoot(root).render(
  <StrictMode>
    <Boundary name="the page">
      <App session={session} />
    </Boundary>
  </StrictMode>,
);
session.open();
const recording = new URLSearchParams(location.search).get(REPLAY_KEY);
if (recording !== null) openAddress(session, recording);
