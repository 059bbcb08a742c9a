/** Recordings by address: `?replay=ADDRESS` in the page's link, of this site alone; and the one that comes with the lab. */
import type { Session } from '../state/session';

/** The page's own parameter beside the manifest's. */
export const REPLAY_KEY = 'replay';
/** A short real run, for visitors without WebGPU and for whoever wants to look first. */
export const EXAMPLE_RECORDING = 'recordings/first-look.jsonl.gz';

/** Whole runs from the same start, for visitors without WebGPU. */
export const SHIPPED_RECORDINGS: readonly { address: string; label: string; summary: string }[] = [
  {
    address: 'recordings/masa-efficient.jsonl.gz',
    label: 'MASA, efficient',
    summary: 'predicts its own results, skips prompts and cuts rollouts by what it predicts',
  },
  {
    address: 'recordings/grpo.jsonl.gz',
    label: 'GRPO',
    summary: 'the same start and problems without any of it; its predictions are watched alone',
  },
];

/** Opens the recording at `address`, relative to the page; says why where that is not of this site. */
export function openAddress(session: Session, address: string): void {
  const name = address.length > 80 ? `…${address.slice(-80)}` : address;
  const url = URL.canParse(address, document.baseURI) ? new URL(address, document.baseURI) : null;
  if (url?.origin === location.origin) {
    session.openRecording(url.href, decodeName(url));
    return;
  }
  session.store.setState({
    replayError: {
      name,
      message: `${REPLAY_KEY}: expected an address on this site, got ${name}`,
      remedy: 'Download the recording and open it as a file, or give a path such as recordings/run.jsonl.',
    },
  });
}

function decodeName(url: URL): string {
  const last = url.pathname.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
