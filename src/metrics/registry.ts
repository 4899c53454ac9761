/** Every measure, in the order their tables and headline figures appear in a result. */
import { apiTraffic } from './api-traffic.ts';
import { availability } from './availability.ts';
import { cost } from './cost.ts';
import { disruptionBudgets } from './disruption-budgets.ts';
import { disruptions } from './disruptions.ts';
import { failureDomains } from './failure-domains.ts';
import type { MeasureDef } from './measure.ts';
import { packing } from './packing.ts';
import { podLifecycle } from './pod-lifecycle.ts';
import { pods } from './pods.ts';
import { recovery } from './recovery.ts';
import { rollout } from './rollout.ts';
import { scheduling } from './scheduling.ts';
import { timeline } from './timeline.ts';
import { utilization } from './utilization.ts';

export const measures: readonly MeasureDef[] = [
  timeline,
  utilization,
  packing,
  cost,
  failureDomains,
  recovery,
  availability,
  disruptionBudgets,
  disruptions,
  rollout,
  podLifecycle,
  scheduling,
  apiTraffic,
  pods,
];
