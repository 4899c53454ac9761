/** Tables as CSV and Parquet. */
import { stringify } from 'csv-stringify/sync';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Column, Table } from '../metrics/result.ts';

/** RFC 4180 with a header line; null is an empty field, true and false are written out. */
export function tableCsv(table: Table): string {
  const header = table.columns.map((column) => column.name);
  const rows = Array.from({ length: table.rowCount }, (_, row) => table.columns.map((column) => column.values[row] ?? null));
  return stringify([header, ...rows], { cast: { boolean: (value) => (value ? 'true' : 'false') } });
}

/** One row group; unit and meaning of each column are in the file's metadata. */
export function tableParquet(table: Table): Uint8Array {
  const columnData = table.columns.map((column) => ({
    name: column.name,
    data: parquetValues(column),
    type: parquetType(column),
    nullable: true,
  }));
  const kvMetadata = [
    { key: 'seatrial.table', value: table.name },
    { key: 'seatrial.description', value: table.description },
    ...table.columns.map((column) => ({
      key: `seatrial.column.${column.name}`,
      value: column.unit === '' ? column.description : `${column.description} [${column.unit}]`,
    })),
  ];
  return new Uint8Array(parquetWriteBuffer({ columnData, kvMetadata }));
}

function parquetType(column: Column): 'STRING' | 'BOOLEAN' | 'INT64' | 'DOUBLE' {
  if (column.type === 'string') return 'STRING';
  if (column.type === 'boolean') return 'BOOLEAN';
  // A column of integers may hold sums that are not whole, such as interpolated percentiles.
  return column.type === 'integer' && column.values.every((value) => value === null || Number.isSafeInteger(value)) ? 'INT64' : 'DOUBLE';
}

function parquetValues(column: Column): (string | number | bigint | boolean | null)[] {
  if (parquetType(column) !== 'INT64') return [...column.values];
  return column.values.map((value) => (value === null ? null : BigInt(value as number)));
}
