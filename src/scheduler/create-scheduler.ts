/**
 * createScheduler: a scheduler from its configuration and the plugins there are; for `Component.build`.
 */
import type { ComponentContext } from '../client/component.ts';
import { EVALUATORS, type EvaluatorName } from './evaluators.ts';
import type { PluginDef } from './framework.ts';
import { Scheduler, type SchedulerOptions } from './scheduler.ts';

export interface CreateSchedulerOptions extends Omit<SchedulerOptions, 'createEvaluator' | 'definitions'> {
  /** Every plugin the configuration may name; usually those of plugins/registry.ts. */
  readonly plugins: readonly PluginDef[];
  /** What computes the decisions; the answers are the same. Default: incremental. */
  readonly evaluator?: EvaluatorName;
}

/** The scheduler of this life of the process; it starts by itself when its informers have synced. */
export function createScheduler(ctx: ComponentContext, options: CreateSchedulerOptions): Scheduler {
  const { plugins, evaluator, ...rest } = options;
  const create = EVALUATORS[evaluator ?? 'incremental'];
  return new Scheduler(ctx, {
    ...rest,
    definitions: plugins,
    createEvaluator: (context, cache) => create(options.config, cache, context),
  });
}
