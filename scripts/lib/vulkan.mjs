/**
 * A driver for Dawn, WebGPU in Node. macOS and Windows bring Metal and Direct3D; on Linux Dawn needs Vulkan,
 * and where there is no GPU, Mesa's software driver (lavapipe) of version 25 or newer. What the system has is
 * taken when Dawn hands out an adapter with it; else missing packages are installed or unpacked privately.
 *
 * The outcome is a record, .cache/vulkan/adapter.json, which `prepareVulkan` applies to the running process. Used
 * by the test command, by `lab`, and by Vitest's set-up file; the page never needs it.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { distribution, hasApt, installMissing, unpackPrivately } from './apt.mjs';
import { CACHE, ROOT, readJson, run, SetupError, say, withLock } from './host.mjs';

/**
 * @typedef {object} DriverRecord
 * @property {'system' | 'private'} source
 * @property {string} adapter as Dawn describes it
 * @property {string} webgpu version of the npm package it was tried with
 * @property {Record<string, string>} env what Mesa and the Vulkan loader are told
 * @property {string[]} preload libraries of the private copy, in loading order
 */

const FOLDER = join(CACHE, 'vulkan');
const RECORD = join(FOLDER, 'adapter.json');
const PACKAGES = ['mesa-vulkan-drivers', 'libvulkan1'];
/** glibc's RTLD_NODELETE: the library stays although it is no Node add-on. Not among Node's constants. */
const RTLD_NODELETE = 0x1000;

const webgpuVersion = () => readJson(join(ROOT, 'node_modules', 'webgpu', 'package.json'))?.version ?? '';

/** The private copy's own description; a loader that is given it looks for no other driver. */
const PRIVATE_ICD = join(FOLDER, 'lvp_icd.json');

/** Whoever names a driver in the environment has chosen; nothing is looked for or set then. */
function isChosenByUser() {
  const chosen = process.env.VK_DRIVER_FILES || process.env.VK_ICD_FILENAMES;
  // Our own file is there in a child of a process that `prepareVulkan` has prepared.
  return Boolean(chosen) && chosen !== PRIVATE_ICD;
}

/**
 * @returns {DriverRecord | undefined} the record of an earlier set-up, if it still holds
 */
function readRecord() {
  /** @type {DriverRecord | undefined} */
  const record = readJson(RECORD);
  if (record === undefined || record.webgpu !== webgpuVersion()) return undefined;
  const files = [...record.preload, ...(record.env.VK_DRIVER_FILES ? [record.env.VK_DRIVER_FILES] : [])];
  return files.every((file) => existsSync(file)) ? record : undefined;
}

/**
 * Loads shared libraries into this process. A private loader has to be found by Dawn under its bare name; the
 * usual way, LD_LIBRARY_PATH, is read only when a process starts, whereas a library that is loaded already is
 * found by name at any time. So no process has to be started anew.
 * @param {string[]} paths in any order
 * @returns {string[]} those that loaded, in an order that works
 */
function preload(paths) {
  /** @type {string[]} */
  const loaded = [];
  let waiting = paths;
  for (let before = Number.POSITIVE_INFINITY; waiting.length > 0 && waiting.length < before; ) {
    before = waiting.length;
    waiting = waiting.filter((path) => {
      try {
        process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
      } catch (error) {
        // The library is in place and Node only misses an add-on in it; anything else is a missing dependency.
        if (!String(error).includes('did not self-register')) return true;
      }
      loaded.push(path);
      return false;
    });
  }
  return loaded;
}

/**
 * Prepares this process for Dawn: call it before the first `create` of the package webgpu. Does nothing
 * without a record, where the user chose a driver, and on systems other than Linux.
 * @param {DriverRecord | undefined} [record]
 */
export function prepareVulkan(record = readRecord()) {
  if (process.platform !== 'linux') return;
  if (!process.env.XDG_RUNTIME_DIR) {
    // Mesa complains on stderr when this is unset; any folder of one's own will do.
    const folder = join(CACHE, 'xdg');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    process.env.XDG_RUNTIME_DIR = folder;
  }
  if (record === undefined || isChosenByUser()) return;
  Object.assign(process.env, record.env);
  preload(record.preload);
}

/**
 * @param {Omit<DriverRecord, 'adapter' | 'webgpu'>} [candidate]
 * @returns {Promise<string | undefined>} the adapter Dawn hands out with this driver
 */
async function probe(candidate) {
  const program = join(import.meta.dirname, 'probe-adapter.mjs');
  const env = { ...process.env };
  if (!isChosenByUser()) {
    delete env.VK_DRIVER_FILES;
    delete env.VK_ICD_FILENAMES;
  }
  const { stdout } = await run(process.execPath, [program, JSON.stringify(candidate ?? null)], {
    env,
    timeout: 60_000,
  });
  try {
    return JSON.parse(stdout).adapter ?? undefined;
  } catch {
    return undefined; // It crashed: as good as no adapter.
  }
}

/**
 * @param {Omit<DriverRecord, 'adapter' | 'webgpu'>} candidate
 * @param {string} adapter
 */
function remember(candidate, adapter) {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(RECORD, `${JSON.stringify({ ...candidate, adapter, webgpu: webgpuVersion() }, null, 2)}\n`);
  return adapter;
}

/** @returns {Omit<DriverRecord, 'adapter' | 'webgpu'> | undefined} the private copy, when it is unpacked */
function privateCopy() {
  const root = join(FOLDER, 'root');
  if (!existsSync(root)) return undefined;
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).map((file) => join(root, file));
  const driver = files.find((file) => file.endsWith('/libvulkan_lvp.so'));
  if (driver === undefined) return undefined;
  const content = { file_format_version: '1.0.0', ICD: { library_path: driver, api_version: '1.4.305' } };
  writeFileSync(PRIVATE_ICD, `${JSON.stringify(content, null, 2)}\n`);
  return {
    source: 'private',
    // The second name is the one that loaders before 1.3.207 know.
    env: { VK_DRIVER_FILES: PRIVATE_ICD, VK_ICD_FILENAMES: PRIVATE_ICD },
    preload: preload(files.filter((file) => /\/lib[^/]+\.so\.\d+$/.test(file))),
  };
}

function byHand() {
  const { id, version } = distribution();
  if (hasApt() && id === 'debian' && version === 12) {
    return ['sudo apt-get install -t bookworm-backports mesa-vulkan-drivers libvulkan1'];
  }
  if (hasApt()) return [`sudo apt-get install ${PACKAGES.join(' ')}`];
  if (id === 'fedora') return ['sudo dnf install mesa-vulkan-drivers vulkan-loader'];
  if (id === 'arch') return ['sudo pacman -S vulkan-swrast vulkan-icd-loader'];
  return ['install the Vulkan loader and a Vulkan driver: that of your GPU, or Mesa 25 or newer (lavapipe)'];
}

/**
 * Sees to it that Dawn gets an adapter in processes that call `prepareVulkan`.
 * @param {{ verify?: boolean }} [options] `verify` asks Dawn although there is a record (a third of a second)
 * @returns {Promise<string | undefined>} the adapter, where it was asked for or recorded
 * @throws {SetupError} when no adapter is to be had
 */
export async function ensureVulkan({ verify = false } = {}) {
  if (process.platform !== 'linux') return undefined;
  if (isChosenByUser()) {
    const adapter = verify ? await probe() : 'chosen by the environment';
    if (adapter !== undefined) return adapter;
    throw new SetupError(
      'Vulkan driver: expected an adapter with the driver that VK_DRIVER_FILES or VK_ICD_FILENAMES names, got none.',
      ['unset VK_DRIVER_FILES VK_ICD_FILENAMES'],
    );
  }
  const record = readRecord();
  if (record !== undefined) {
    const adapter = verify ? await probe(record) : record.adapter;
    if (adapter !== undefined) return adapter;
  }
  return await withLock('vulkan', findDriver);
}

async function findDriver() {
  /** @type {Omit<DriverRecord, 'adapter' | 'webgpu'>} */
  const system = { source: 'system', env: {}, preload: [] };
  const found = await probe(system);
  if (found !== undefined) return remember(system, found);

  const unpacked = privateCopy();
  const kept = unpacked && (await probe(unpacked));
  if (unpacked !== undefined && kept !== undefined) return remember(unpacked, kept);

  if (!hasApt()) {
    throw new SetupError('Vulkan driver: expected an adapter from Dawn, got none.', byHand());
  }
  const { id, version } = distribution();
  const isTooOld = (id === 'debian' && version < 13) || (id === 'ubuntu' && version < 24);
  if (!isTooOld && (await installMissing(PACKAGES))) {
    const adapter = await probe(system);
    if (adapter !== undefined) return remember(system, adapter);
  }

  say(`Unpacking Mesa's software Vulkan driver into ${FOLDER} (the system is left as it is) ...`);
  try {
    await unpackPrivately(PACKAGES, FOLDER);
  } catch (error) {
    if (error instanceof SetupError) throw new SetupError(`Vulkan driver: ${error.message}`, byHand());
    throw error;
  }
  const copy = privateCopy();
  const adapter = copy && (await probe(copy));
  if (copy !== undefined && adapter !== undefined) return remember(copy, adapter);
  rmSync(join(FOLDER, 'root'), { recursive: true, force: true });
  throw new SetupError(
    'Vulkan driver: expected an adapter with the unpacked driver, got none; Dawn needs Mesa 25 or newer.',
    byHand(),
  );
}
