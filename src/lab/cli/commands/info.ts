/** `lab info`: its arguments. */
import type { Arguments, CommandSpec } from '../arguments';

export const INFO: CommandSpec = {
  name: 'info',
  summary: 'Shows the WebGPU adapter: its name, features and limits.',
  usage: '[--json]',
  options: [{ name: 'json', help: 'Print it as one JSON object on the last line.' }],
};

export interface InfoRequest {
  json: boolean;
}

/** @throws UsageError naming every wrong argument. */
export function readInfoRequest(args: Arguments): InfoRequest {
  args.check();
  return { json: args.on('json') };
}
