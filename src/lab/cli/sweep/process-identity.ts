/**
 * Who a process is, for others to judge whether it is still there: its number means something only among the
 * processes of one boot of one kernel and one container, and numbers are given again. Used by the lock on a cell.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { errorCode } from '../file-errors';

export interface ProcessIdentity {
  host: string;
  pid: number;
  /** Where the number counts; two processes with the same one can see each other. */
  space: string;
  /** When the process began, in the kernel's ticks; empty where the kernel does not say. */
  began: string;
}

export function thisProcess(): ProcessIdentity {
  const { pid } = process;
  return { host: hostname(), pid, space: processSpace(), began: processBegin(pid) };
}

/** Whether it is seen to be gone: never said of a process on another machine or in another container. */
export function isSeenDead({ pid, space, began }: ProcessIdentity): boolean {
  return space === processSpace() && (!isAlive(pid) || processBegin(pid) !== began);
}

/** Whether it is seen to be there. */
export const isSeenAlive = (other: ProcessIdentity): boolean =>
  other.space === processSpace() && !isSeenDead(other);

function processSpace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return `host ${hostname()}`; // No Linux.
  }
}

/** The 22nd field of /proc/PID/stat; the second one, a name in parentheses, may hold anything. */
export function processBegin(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
