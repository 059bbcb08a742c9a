/**
 * The file of a benchmark's results: written after every result, so that whatever ends the process leaves what there
 * was, and gone on with by --resume. Used by run.mjs and packed/run.mjs.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export class Kept {
  /** What there is so far. @type {any} */
  report = null;
  /** What an earlier run left. @type {any} */
  before = null;

  /** @param {{ out?: string, resume: boolean, parts: string[] }} options */
  constructor({ out, resume, parts }) {
    this.out = out;
    this.parts = parts;
    if (resume && out && existsSync(out)) this.before = JSON.parse(readFileSync(out, 'utf8'));
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
