/** The page's few icons, drawn at 16 pixels in the colour of the text around them. Decoration: never a name. */
const PATHS = {
  run: 'M4.5 2.8v10.4c0 .6.7 1 1.2.6l7.6-5.2c.5-.3.5-.9 0-1.2L5.7 2.2c-.5-.4-1.2 0-1.2.6Z',
  pause: 'M4 2.5h2.6v11H4zM9.4 2.5H12v11H9.4z',
  step: 'M3 2.8v10.4c0 .6.6.9 1.1.6L10.5 9v4.5h2v-11h-2V7L4.1 2.2C3.6 1.9 3 2.2 3 2.8Z',
  back: 'M13 2.8v10.4c0 .6-.6.9-1.1.6L5.5 9v4.5h-2v-11h2V7l6.4-4.8c.5-.4 1.1-.1 1.1.6Z',
  phase:
    'M2 3.2v9.6c0 .6.6.9 1 .5l5-4.1v4.1h1.8V2.7H8v4.1L3 2.7c-.4-.4-1-.1-1 .5ZM12.6 6.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6Z',
  enlarge: 'M9.5 2.5h4v4M13.5 2.5 9 7M6.5 13.5h-4v-4M2.5 13.5 7 9',
  file: 'M9.5 1.8H4a.8.8 0 0 0-.8.8v10.8c0 .4.4.8.8.8h8c.4 0 .8-.4.8-.8V5.1zM9.2 2v3.4h3.4',
  reset: 'M8 3V.8L4 4l4 3.2V5a4 4 0 1 1-4 4H2a6 6 0 1 0 6-6Z',
  stop: 'M3.5 3.5h9v9h-9z',
  settings:
    'M2 4h6.2a2 2 0 0 0 3.6 0H14V3h-2.2a2 2 0 0 0-3.6 0H2zm0 9h2.2a2 2 0 0 0 3.6 0H14v-1H7.8a2 2 0 0 0-3.6 0H2zM2 8.5h7.2a2 2 0 0 0 3.6 0H14v-1h-1.2a2 2 0 0 0-3.6 0H2z',
  link: 'M6.6 9.4 9.4 6.6M7 4.6l1.6-1.6a3.1 3.1 0 0 1 4.4 4.4L11.4 9M9 11.4 7.4 13A3.1 3.1 0 0 1 3 8.6L4.6 7',
  close: 'm4 4 8 8m0-8-8 8',
  down: 'm4 6 4 4 4-4',
  check: 'm3.5 8.5 3 3 6-7',
  undo: 'M5.5 3 2.5 6l3 3M3 6h6.5a3.5 3.5 0 0 1 0 7H6',
} as const;

const FILLED: ReadonlySet<keyof typeof PATHS> = new Set([
  'run',
  'pause',
  'step',
  'back',
  'phase',
  'reset',
  'stop',
  'settings',
]);

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  const filled = FILLED.has(name);
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      aria-hidden="true"
      fill={filled ? 'currentColor' : 'none'}
      stroke={filled ? 'none' : 'currentColor'}
      strokeWidth={1.6}
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
