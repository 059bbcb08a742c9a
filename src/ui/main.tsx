/** The page: theme, settings from the link, the session with the worker, and React around them. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App';
import { Boundary } from './components/Boundary';
import { EMBED_KEY } from './embed/address';
import { Embed } from './embed/Embed';
import { NO_TRAINER } from './embed/no-trainer';
import { RACE_KEY } from './race/form';
import { openAddress, REPLAY_KEY } from './replay/address';
import { Session } from './state/session';
import { settingsFromAddress } from './state/settings';
import { createPageStore } from './state/store';
import './theme/base.css';
import { installTheme } from './theme/theme';

const root = document.getElementById('root');
if (!root) throw new Error('internal: main: expected an element #root in index.html');

installTheme();
const query = new URLSearchParams(location.search);
const panel = query.get(EMBED_KEY);
// The settings in a race's link are those of its arms.
const settings = query.has(RACE_KEY) ? '' : location.search;
const store = createPageStore(settingsFromAddress(settings, [REPLAY_KEY, EMBED_KEY]));
// A view inside another page shows a recording and trains nothing.
const session = panel === null ? new Session(store) : new Session(store, () => NO_TRAINER);

createRoot(root).render(
  <StrictMode>
    <Boundary name="the page">
      {panel === null ? <App session={session} /> : <Embed session={session} panel={panel} />}
    </Boundary>
  </StrictMode>,
);
if (panel === null) {
  session.open(!query.has(RACE_KEY) && !query.has(REPLAY_KEY));
  session.races.openLink(location.search);
}
const recording = query.get(REPLAY_KEY);
if (recording !== null) openAddress(session, recording);
