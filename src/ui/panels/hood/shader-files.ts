/** The text of every shader file, by its name without the ending. A chunk of its own: imported when it is looked at. */
const FILES = import.meta.glob<string>('../../../../shaders/*.wgsl', {
  query: '?raw',
  import: 'default',
  eager: true,
});

export const SHADER_FILES: ReadonlyMap<string, string> = new Map(
  Object.entries(FILES).map(([path, code]) => [path.replace(/^.*\/(\w+)\.wgsl$/, '$1'), code]),
);
