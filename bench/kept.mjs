/**
 * The file of a benchmark's results: written after every result, so that whatever ends the process leaves what there
 * was, gone on with by --resume, and never written over unless --replace says so. Used by run.mjs and packed/run.mjs.
 */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * @param {{ out?: string, resume: boolean, replace: boolean }} options of the command line
 * @throws Error before anything is measured, where results would be lost or there is nothing to write them to.
 */
export function checkFile({ out, resume, replace }) {
  for (const [name, given] of Object.entries({ resume, replace }))
    if (given && !out) throw new Error(`expected --${name} with --out FILE, got no file`);
  if (resume && replace) throw new Error('expected --resume or --replace, got both');
  if (!out || !existsSync(out)) return;
  if (!statSync(out).isFile()) throw new Error(`expected --out to name a file, got ${out}, which is none`);
  if (resume) readReport(out);
  else if (!replace)
    throw new Error(
      `expected --out to name a file that is not there yet, got ${out}: add --resume to go on with it, --replace to begin anew and lose what it has, or take another name`,
    );
}

/** @param {string} file */
function readReport(file) {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof report?.part_seconds === 'object') return report;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new Error(
    `expected --resume with a benchmark's results, got ${file}, which has none: add --replace instead to begin anew, or take another name`,
  );
}

export class Kept {
  /** What there is so far. @type {any} */
  report = null;
  /** What an earlier run left. @type {any} */
  before = null;

  /** @param {{ out?: string, resume: boolean, parts: string[] }} options */
  constructor({ out, resume, parts }) {
    this.out = out;
    this.parts = parts;
    if (resume && out && existsSync(out)) this.before = readReport(out);
  }

  /** @param {any} report */
  keep = (report) => {
    this.report = report;
    // Should nothing come after it, the file says so.
    this.write(this.unfinished('not finished'));
  };

  /** What there is, and of the parts that are not over why. @param {string} why */
  unfinished(why) {
    const { report, parts } = this;
    const open = parts.filter((part) => report.part_seconds[part] === undefined);
    return {
      ...report,
      failed: { ...Object.fromEntries(open.map((part) => [part, why])), ...report.failed },
    };
  }

  /** @param {any} report */
  write(report) {
    if (!this.out) return;
    mkdirSync(dirname(this.out), { recursive: true });
    writeFileSync(this.out, `${JSON.stringify(report, null, 1)}\n`);
  }

  /**
   * Runs one part that is none of the bundle's.
   * @param {any} report
   * @param {string} part
   * @param {() => Promise<void>} work
   */
  async part(report, part, work) {
    if (!this.parts.includes(part) || report.part_seconds[part] !== undefined) return;
    const start = performance.now();
    try {
      await work();
    } catch (error) {
      report.failed[part] = error instanceof Error ? error.message : String(error);
    }
    report.part_seconds[part] = Math.round((performance.now() - start) / 1000);
    this.keep(report);
  }
}
