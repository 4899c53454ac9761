/**
 * invariant, fail: stop the run when our own code is wrong.
 *
 * These checks are always on. They are never caught to recover: the run loop adds seed, time and
 * event, and rethrows. A mistake in the user's input is an InputError instead.
 */

/** A bug in the simulator itself (exit code 3), as opposed to bad input (2) or a finding (1). */
export class SimulationBug extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SimulationBug';
  }
}

/** Throws SimulationBug unless `condition` holds. In hot code write `if (bad) fail(...)`, which builds the message only on failure. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) fail(message);
}

export function fail(message: string): never {
  throw new SimulationBug(message);
}
