/** One worker a cell: who gets it, from whom it is taken, and what one that lost it may still do. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../testing';
import { CellLock, CellLost, type ClaimOptions, holderOf } from './cell-lock';
import { type ProcessIdentity, processBegin, thisProcess } from './process-identity';

/** As a process of another host, of which nothing can be seen. */
const elsewhere = (pid = 1): ProcessIdentity => ({ host: 'far', pid, space: 'another boot', began: '5' });

async function claimed(folder: string, options: ClaimOptions = {}): Promise<CellLock> {
  const claim = await CellLock.claim(folder, options);
  if (claim.state !== 'claimed') throw new Error(`expected the cell, got ${claim.state}`);
  onTestFinished(() => claim.lock.release());
  return claim.lock;
}

/** Another process of this machine. */
async function neighbour(): Promise<{ identity: ProcessIdentity; kill(): Promise<void> }> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(child, 'spawn');
  onTestFinished(() => void child.kill('SIGKILL'));
  const pid = child.pid ?? 0;
  return {
    identity: { ...thisProcess(), pid, began: processBegin(pid) },
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

describe('a cell', () => {
  test('is given to one of many that ask at once', async () => {
    const folder = temporaryFolder();
    const claims = await Promise.all(Array.from({ length: 20 }, () => CellLock.claim(folder)));
    expect(claims.filter(({ state }) => state === 'claimed')).toHaveLength(1);
    expect(claims.filter(({ state }) => state === 'busy')).toHaveLength(19);
    for (const claim of claims) if (claim.state === 'claimed') claim.lock.release();
  });

  test('that was let go of is had at once, and one that is finished leaves no trace', async () => {
    const folder = temporaryFolder();
    (await claimed(folder)).release();
    expect(holderOf(folder)).toBeNull();
    const second = await claimed(folder);
    expect(second.tookOver).toBeNull();
    expect(holderOf(folder)?.pid).toBe(process.pid);
    second.remove();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is kept by a process that lives here, however silent, and taken at once when it is killed', async () => {
    const folder = temporaryFolder();
    const { identity, kill } = await neighbour();
    const first = await claimed(folder, { self: identity, heartbeat: 0.05 });
    first.release();
    // Its record as if it had never let go: a process that is killed does not.
    const path = join(folder, 'cell.lock.1');
    writeFileSync(path, JSON.stringify({ ...first.owner, released: false }));
    await sleep(500);
    expect(await CellLock.claim(folder)).toMatchObject({ state: 'busy', owner: { pid: identity.pid } });
    await kill();
    const second = await claimed(folder);
    expect(second.tookOver).toMatchObject({ pid: identity.pid });
    expect(second.formerOwners().map(({ pid }) => pid)).toEqual([identity.pid]);
  });

  test('is taken from a dead process whose number another one has by now', async () => {
    const folder = temporaryFolder();
    const first = await claimed(folder, { self: { ...thisProcess(), began: 'long ago' } });
    expect((await claimed(folder)).number).toBe(2);
    expect(first.isOurs).toBe(false);
  });

  test('is left to a worker elsewhere that gives signs of life', async () => {
    const folder = temporaryFolder();
    await claimed(folder, { self: elsewhere(), heartbeat: 0.3 });
    const told: number[] = [];
    const claim = await CellLock.claim(folder, { waiting: (_, seconds) => told.push(seconds) });
    expect(claim).toMatchObject({ state: 'busy', owner: { host: 'far' } });
    expect(told).toEqual([expect.closeTo(1.8)]);
  });

  test('is taken from a silent worker elsewhere by one of those that wait, and it finds out', async () => {
    const folder = temporaryFolder();
    const first = await claimed(folder, { self: elsewhere(), heartbeat: 0.2 });
    // Frozen: its file stays as it is, and it does not know.
    const frozen = readdirSync(folder);
    first.release();
    writeFileSync(join(folder, frozen[0]), JSON.stringify({ ...first.owner, released: false }));
    const claims = await Promise.all(
      [1, 2, 3].map((pid) => CellLock.claim(folder, { self: elsewhere(pid + 1), heartbeat: 0.2 })),
    );
    const winners = claims.flatMap((claim) => (claim.state === 'claimed' ? [claim.lock] : []));
    expect(winners).toHaveLength(1);
    expect(winners[0].tookOver).toMatchObject({ host: 'far', pid: 1 });
    expect(first.check).toThrow(CellLost);
    expect(winners[0].check).not.toThrow();
    winners[0].release();
  });

  test('whose record was never finished is taken once it is old', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'cell.lock.7'), '');
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 700);
    expect(await CellLock.claim(folder, { signal: stop.signal })).toEqual({ state: 'stopped' });
    expect(readdirSync(folder)).toEqual(['cell.lock.7']);
  });
});
