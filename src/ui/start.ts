/**
 * The page's first script: starts the trainer's thread, whose own scripts then load beside the page's, and fetches
 * those. As small as can be; everything else is `main.tsx`.
 */
import { startEarly } from '../lab/trainer-worker';
import { EMBED_KEY } from './embed/address';

// A view inside another page trains nothing.
if (!new URLSearchParams(location.search).has(EMBED_KEY)) startEarly(new URL('./', document.baseURI).href);
void import('./main');
