/**
 * What is being looked at under the hood: the shader file that is open, and the profile that was asked for. A store of
 * its own, so that only these panels listen.
 */
import { createStore } from 'zustand/vanilla';
import type { PageState } from '../../state/store';

export interface HoodState {
  /** A file in `shaders/`, without the ending. */
  file: string;
  /** What was there when a profile was asked for: it is on its way as long as neither is another. */
  asked: { loaded: unknown; newest: unknown } | null;
}

export const hoodStore = createStore<HoodState>(() => ({ file: 'attention', asked: null }));

/** Opens a shader file in its panel, and brings that on screen. */
export function openFile(file: string): void {
  hoodStore.setState({ file });
  const viewer = document.getElementById(VIEWER_ID);
  viewer?.focus({ preventScroll: true });
  viewer?.scrollIntoView({ block: 'start' });
}

export const VIEWER_ID = 'shader-viewer';

export function askForProfile({ lab, run }: PageState): void {
  hoodStore.setState({ asked: { loaded: lab.loaded, newest: run.profiles.at(-1) } });
}

/** The profile that was asked for has not come yet. */
export const isAwaited = ({ asked }: HoodState, { lab, run }: PageState): boolean =>
  asked !== null && asked.loaded === lab.loaded && asked.newest === run.profiles.at(-1);
