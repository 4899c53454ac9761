/**
 * The worker thread of `seatrial fuzz`: piscina calls the default export with a row.
 */
import { type FuzzRow, type FuzzRowOutcome, FuzzWorker } from './fuzz-task.ts';

const worker = new FuzzWorker();

export default function runRow(row: FuzzRow): Promise<FuzzRowOutcome> {
  return worker.run(row);
}
