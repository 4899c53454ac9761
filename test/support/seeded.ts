/**
 * check: fast-check with a fixed seed, so that a test run is the same every time.
 *
 * SEATRIAL_TEST_SEED=<n> runs the same properties with other seeds (nightly), SEATRIAL_TEST_RUNS=<factor>
 * multiplies the number of cases. A failure prints the seed, the path and the command that replays it.
 */
import * as fc from 'fast-check';

const baseSeed = Number(process.env['SEATRIAL_TEST_SEED'] ?? '1');
const runFactor = Number(process.env['SEATRIAL_TEST_RUNS'] ?? '1');

export function check<T>(property: fc.IProperty<T>, runs = 100): void {
  const details = fc.check(property, { seed: baseSeed, numRuns: Math.ceil(runs * runFactor), verbose: 0 });
  if (details.failed) {
    const report = fc.defaultReportMessage(details) ?? 'property failed';
    throw new Error(`${report}\n\nreplay: SEATRIAL_TEST_SEED=${baseSeed} npx vitest run <this file>`, { cause: details.errorInstance });
  }
}
