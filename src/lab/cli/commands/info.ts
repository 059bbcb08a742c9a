/** `lab info`: what this machine offers. */
import { explainError } from '../../errors';
import { LAB_VERSION } from '../../version';
import type { Arguments, CommandSpec } from '../arguments';
import { type Command, DONE, FAILED } from '../dispatch';
import { describeFailure, inTerminalWords } from '../failure';
import { nodeGpu, withNodeGpu } from '../node-gpu';
import { describeAdapter } from '../progress';
import { packageVersion } from '../repository';

export const INFO: CommandSpec = {
  name: 'info',
  summary: 'Shows the WebGPU adapter: its name, limits and features, and the versions of what runs.',
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

export const INFO_COMMAND: Command = {
  spec: INFO,
  async run(args, console) {
    const { json } = readInfoRequest(args);
    const versions = {
      lab: LAB_VERSION,
      node: process.versions.node,
      webgpu: packageVersion('webgpu'),
      platform: `${process.platform} ${process.arch}`,
    };
    try {
      const adapter = await describeHost();
      if (json) {
        console.out(`${JSON.stringify({ ...adapter, versions })}\n`);
        return DONE;
      }
      const { vendor, architecture, software } = adapter.info;
      console.out(`adapter   ${adapter.adapter}\n`);
      console.out(
        `kind      ${[vendor, architecture, software ? 'on the processor' : ''].filter(Boolean).join(', ')}\n`,
      );
      console.out(
        `versions  lab ${versions.lab}, Node ${versions.node}, webgpu ${versions.webgpu}, ${versions.platform}\n`,
      );
      console.out(`features  ${adapter.features.join(', ')}\nlimits\n`);
      const width = Math.max(...Object.keys(adapter.limits).map((name) => name.length));
      for (const [name, value] of Object.entries(adapter.limits))
        console.out(`  ${name.padEnd(width)}  ${value.toLocaleString('en-US')}\n`);
      return DONE;
    } catch (thrown) {
      const error = inTerminalWords(explainError(thrown, null));
      console.err(`lab info: ${describeFailure(error)}\n`);
      if (json) console.out(`${JSON.stringify({ adapter: null, error, versions })}\n`);
      return FAILED;
    }
  },
};

/** The adapter as the engine takes it, and all it could have given. */
async function describeHost() {
  const gpu = await nodeGpu();
  return withNodeGpu(async ({ info: { features, limits, ...info } }) => ({
    adapter: describeAdapter({ ...info, features, limits }),
    info,
    /** What the engine's device has. */
    device_limits: limits,
    limits: adapterLimits((await gpu.requestAdapter({ powerPreference: 'high-performance' }))?.limits),
    features,
  }));
}

/** Limits are on the prototype, where JSON does not look. */
function adapterLimits(limits: GPUSupportedLimits | undefined): Record<string, number> {
  const named: Record<string, number> = {};
  for (const name in limits) {
    const value: unknown = limits[name as keyof GPUSupportedLimits];
    if (typeof value === 'number') named[name] = value;
  }
  return named;
}
