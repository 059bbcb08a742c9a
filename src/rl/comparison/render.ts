/** Sections of a comparison as plain text in columns, and as Markdown. Used by the command line's `compare`. */
import type { Section } from './tables';

/** @param width characters that sentences are wrapped at; tables take what they need */
export function renderText(sections: readonly Section[], width = 100): string {
  return sections
    .map(({ title, note, rows, lines }) => {
      const parts = [title, ...(note ? [wrap(note, width, '')] : [])];
      if (rows) parts.push('', columns(rows));
      if (lines.length > 0) parts.push('', ...lines.map((line) => wrap(`- ${line}`, width, '  ')));
      return `${parts.join('\n')}\n`;
    })
    .join('\n');
}

export function renderMarkdown(title: string, sections: readonly Section[]): string {
  const body = sections.map(({ title, note, rows, lines }) => {
    const parts = [`## ${title}`];
    if (note) parts.push(note);
    if (rows) parts.push(markdownTable(rows));
    if (lines.length > 0) parts.push(lines.map((line) => `- ${line}`).join('\n'));
    return parts.join('\n\n');
  });
  return `${[`# ${title}`, ...body].join('\n\n')}\n`;
}

/** Names to the left, figures to the right of their columns. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function markdownTable([header, ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = header.map((_, i) => (i === 0 ? '---' : '---:'));
  return [line(header), line(rule), ...rows.map(line)].join('\n');
}

function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(last === undefined ? word : `${indent}${word}`);
  }
  return lines.join('\n');
}
