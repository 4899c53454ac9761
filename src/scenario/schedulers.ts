/**
 * The schedulers of a world: configuration read against the plugins there are, one component per replica.
 */
import { ProblemList } from '../base/input-error.ts';
import type { ApiAccess } from '../client/api-access.ts';
import { Component } from '../client/component.ts';
import type { LeaderElectionOptions } from '../client/leader-election.ts';
import { readConfiguration } from '../scheduler/configuration.ts';
import { EVALUATORS } from '../scheduler/evaluators.ts';
import type { PluginDef } from '../scheduler/framework.ts';
import { DEFAULT_LEASE_NAME, type LeaderElection } from '../scheduler/process-configuration.ts';
import { Scheduler, type SchedulerOptions } from '../scheduler/scheduler.ts';
import { type PluginOptions, pluginDefinitions } from './plugin-sources.ts';
import type { ScenarioSpec, SchedulerSpec } from './scenario.ts';

export interface BuildSchedulerOptions extends PluginOptions {
  /** Picks the attempts that are announced in full; does not change the run. */
  readonly explains?: SchedulerOptions['explains'];
}

/** Components of all schedulers, not started. Throws an InputError for what is wrong with their configurations. */
export function buildSchedulers(spec: ScenarioSpec, access: ApiAccess, endpoint: string, options: BuildSchedulerOptions = {}): Component[] {
  return spec.schedulers.flatMap((scheduler) => {
    return buildScheduler(spec, scheduler, pluginDefinitions(scheduler.plugins, options), access, endpoint, options);
  });
}

function buildScheduler(
  spec: ScenarioSpec,
  scheduler: SchedulerSpec,
  definitions: readonly PluginDef[],
  access: ApiAccess,
  endpoint: string,
  { explains }: BuildSchedulerOptions,
): Component[] {
  const problems = new ProblemList();
  const config = readConfiguration(scheduler.config?.value, definitions, spec.kubernetesVersion, problems);
  problems.throwIfAny();
  const { leaderElection } = config;
  return Array.from({ length: scheduler.replicas }, (_, i) => {
    return new Component(access, {
      name: scheduler.replicas === 1 ? scheduler.name : `${scheduler.name}-${i}`,
      endpoint,
      qps: config.clientConnection.qps,
      burst: config.clientConnection.burst,
      ...(scheduler.replicas === 1 || !leaderElection.leaderElect ? {} : { leaderElection: electionOf(scheduler, leaderElection) }),
      build: (ctx) => {
        new Scheduler(ctx, {
          config,
          definitions,
          createEvaluator: (context, cache) => EVALUATORS[scheduler.evaluator](config, cache, context),
          kubernetesVersion: spec.kubernetesVersion,
          tieBreak: scheduler.tieBreak,
          cycleCost: scheduler.cycleCost,
          quirks: new Set(spec.quirks),
          ...(explains === undefined ? {} : { explains }),
        });
      },
    });
  });
}

/** Schedulers of different names must not share a lease they did not name. */
function electionOf(scheduler: SchedulerSpec, election: LeaderElection): LeaderElectionOptions {
  const { leaseDurationUs, renewDeadlineUs, retryPeriodUs, resourceName } = election;
  const lease = resourceName === DEFAULT_LEASE_NAME ? scheduler.name : resourceName;
  return { lease, leaseDurationUs, renewDeadlineUs, retryPeriodUs };
}
