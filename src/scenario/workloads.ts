/**
 * Arrivals of a scenario's workloads: traces opened from files, or drawn from distributions.
 */
import { InputError } from '../base/input-error.ts';
import type { Rng } from '../engine/rng.ts';
import type { ArrivalCursor } from '../objects/arrival.ts';
import { ReplayCursor } from '../workload/replay.ts';
import { SyntheticCursor } from '../workload/synthetic.ts';
import type { FileSource, WorkloadSpec } from './scenario.ts';
import { openTrace } from './trace-source.ts';

/** The arrivals of one workload on the run's clock. Throws an InputError for missing files and bad rows. */
export function openArrivals(
  workload: WorkloadSpec,
  rng: Rng,
  files: FileSource | undefined,
  onWarning: (text: string) => void = () => {},
): ArrivalCursor {
  if (workload.kind === 'synthetic') return new SyntheticCursor(workload, rng);
  if (files === undefined) {
    throw new InputError([{ ...workload.position, message: 'this workload reads a trace, but no files were given to the run' }]);
  }
  const trace = openTrace(workload, files);
  if (trace.skippedRows > 0) onWarning(`workload ${workload.name}: ${trace.skippedRows} malformed rows were left out`);
  return new ReplayCursor(trace.cursor(), workload);
}
