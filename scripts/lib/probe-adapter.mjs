/**
 * Asks Dawn for an adapter and a device and prints `{ "adapter": "its description" | null }`. A program of its
 * own, so that a driver that crashes or hangs does so apart from whoever asks. Argument: a driver record.
 */
import { prepareVulkan } from './vulkan.mjs';

prepareVulkan(JSON.parse(process.argv[2] ?? 'null') ?? undefined);
const { create, globals } = await import('webgpu');
Object.assign(globalThis, globals);
const gpu = create([]);
const adapter = await gpu.requestAdapter();
const device = await adapter?.requestDevice();
const info = adapter?.info;
const name = info?.description || [info?.vendor, info?.architecture, info?.device].filter(Boolean).join(' ');
process.stdout.write(`${JSON.stringify({ adapter: device ? name || 'unnamed' : null })}\n`);
device?.destroy();
