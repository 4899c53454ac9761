/**
 * typicalFailures: the unplanned failures and the maintenance of an ordinary fleet, as plans for the injector.
 *
 * Rates per machine, rack and power feed, so that a fleet of any size gets its share. Failures of racks and feeds make bursts: a third or so of
 * all node failures come together with another within two minutes, as D. Ford et al. found.
 *
 * Sources   machine: mean time between failures 4.3 months, fewer than one outage in ten longer than 15 min, software restarts the shortest
 *           (D. Ford et al., "Availability in globally distributed storage systems", OSDI 2010); up-times are Weibull with a shape below 1
 *           (0.33-0.85 over nine systems, Failure Trace Archive, JPDC 2013), so the hazard falls after a repair.
 *           rack: 10.2 years (Ford et al.); 1-6 h (J. Dean, LADIS 2009). power feed: one a year for 500-1,000 machines, 6 h (Dean).
 *           maintenance: 24.5 removals per 1,000 machine-days in Google's cell of 2011, mostly rolling upgrades; an announced reboot
 *           of each machine every 40-90 days is a model choice that makes up the difference
 * Units     microseconds
 */
import { constant, type Distribution } from '../engine/distributions.ts';
import { DAY_US, HOUR_US, MINUTE_US } from '../engine/units.ts';
import type { FaultPlan } from './injector.ts';

export interface TypicalFailureOptions {
  /** Multiplies every rate. Default 1. */
  readonly rate?: number;
  /** Include the reboots of rolling maintenance. Default true. */
  readonly maintenance?: boolean;
}

const YEAR_US = 365 * DAY_US;
/** Mean of a Weibull distribution with shape 0.7 and scale 1: gamma(1 + 1 / 0.7). */
const WEIBULL_07_MEAN = 1.2658235;

/** Plans for a cluster with `node/*`, `rack/*` and `power/*`. */
export function typicalFailures(options: TypicalFailureOptions = {}): FaultPlan[] {
  const rate = options.rate ?? 1;
  const plans = [
    // Nine in ten are over in minutes, the rest waits for parts.
    hazard('machine-restart', 'node-crash', 'node/*', weibull07((120 * DAY_US) / 0.9 / rate), lognormal(10 * MINUTE_US, 0.8)),
    hazard('machine-repair', 'node-crash', 'node/*', weibull07((120 * DAY_US) / 0.1 / rate), lognormal(6 * HOUR_US, 0.8)),
    hazard('rack-failure', 'rack-outage', 'rack/*', exponential((10.2 * YEAR_US) / rate), {
      kind: 'uniform',
      min: HOUR_US,
      max: 6 * HOUR_US,
    }),
    hazard('power-failure', 'power-outage', 'power/*', exponential(YEAR_US / rate), constant(6 * HOUR_US)),
  ];
  if (options.maintenance ?? true) {
    const interval: Distribution = { kind: 'uniform', min: (40 * DAY_US) / rate, max: (90 * DAY_US) / rate };
    plans.push(hazard('maintenance', 'node-crash', 'node/*', interval, { kind: 'uniform', min: 10 * MINUTE_US, max: 40 * MINUTE_US }));
  }
  return plans;
}

function hazard(name: string, fault: string, target: string, interval: Distribution, duration: Distribution): FaultPlan {
  return {
    name,
    // The fleet is not new: with a falling hazard, machines that all started today would fail more often at first.
    when: { kind: 'every', interval, fromUs: -5 * YEAR_US, untilUs: Infinity, times: Infinity },
    fault,
    targets: [target],
    between: undefined,
    duration,
    pick: undefined,
    params: {},
  };
}

function weibull07(meanUs: number): Distribution {
  return { kind: 'weibull', scale: meanUs / WEIBULL_07_MEAN, shape: 0.7 };
}

function exponential(mean: number): Distribution {
  return { kind: 'exponential', mean };
}

function lognormal(median: number, sigma: number): Distribution {
  return { kind: 'lognormal', median, sigma };
}
