/** `lab presets`: the named starting points of `train`. */
import { manifestDifference } from '../../../run/manifest';
import { PRESETS, presetManifest } from '../../../run/presets';
import type { CommandSpec } from '../arguments';
import { type Command, DONE } from '../dispatch';

const SPEC: CommandSpec = {
  name: 'presets',
  summary: 'Lists the presets and what each changes.',
  usage: '[--json]',
  options: [{ name: 'json', help: 'Print them as one JSON array, each with its whole manifest.' }],
};

export const PRESETS_COMMAND: Command = {
  spec: SPEC,
  async run(args, console) {
    args.check();
    if (args.on('json')) {
      const list = PRESETS.map(({ name, label, summary }) => ({
        name,
        label,
        summary,
        manifest: presetManifest(name),
      }));
      console.out(`${JSON.stringify(list)}\n`);
      return DONE;
    }
    for (const { name, label, summary } of PRESETS) {
      const changes = Object.entries(manifestDifference(presetManifest(name)));
      const settings = changes.map(([key, value]) => `${key}=${value}`).join(' ') || 'the defaults';
      console.out(`${name}  (${label})\n    ${summary}\n    ${settings}\n`);
    }
    return DONE;
  },
};
