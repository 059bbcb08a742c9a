/** Rows of problems as a parquet file, in the nested columns that verl documents, and as JSON Lines beside it. */
import { parquetWriteBuffer } from 'hyparquet-writer';
import { type ExportFile, textFile } from '../files';
import type { ProblemRow } from './problems';

const text = (name: string) =>
  ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' }) as const;
const integer = (name: string) => ({ name, type: 'INT64', repetition_type: 'OPTIONAL' }) as const;
const group = (name: string, children: number) =>
  ({ name, num_children: children, repetition_type: 'OPTIONAL' }) as const;

/** Parquet's schema lists the tree from its root, each group before its children. */
const SCHEMA = [
  { name: 'root', num_children: 5 },
  text('data_source'),
  { ...group('prompt', 1), converted_type: 'LIST' as const },
  { name: 'list', num_children: 1, repetition_type: 'REPEATED' as const },
  group('element', 2),
  text('role'),
  text('content'),
  text('ability'),
  group('reward_model', 2),
  text('style'),
  text('ground_truth'),
  group('extra_info', 6),
  integer('index'),
  text('split'),
  text('problem'),
  text('tier'),
  integer('size'),
  integer('max_completion_length'),
];

export function parquetOf(rows: readonly ProblemRow[]): Uint8Array {
  const column = <K extends keyof ProblemRow>(name: K) => ({ name, data: rows.map((row) => row[name]) });
  const columnData = [
    column('data_source'),
    column('prompt'),
    column('ability'),
    column('reward_model'),
    {
      name: 'extra_info',
      data: rows.map(({ extra_info: { index, size, max_completion_length: most, ...texts } }) => ({
        ...texts,
        index: BigInt(index),
        size: BigInt(size),
        max_completion_length: BigInt(most),
      })),
    },
  ];
  return new Uint8Array(parquetWriteBuffer({ columnData, schema: SCHEMA, createdBy: 'masa-lab' }));
}

/** `NAME.parquet` and `NAME.jsonl`. */
export const problemFiles = (name: string, rows: readonly ProblemRow[]): ExportFile[] => [
  { name: `${name}.parquet`, bytes: parquetOf(rows) },
  textFile(`${name}.jsonl`, rows.map((row) => `${JSON.stringify(row)}\n`).join('')),
];
