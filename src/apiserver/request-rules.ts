/**
 * Request rules: faults on chosen requests, for tests and fault kinds.
 *
 * A rule says which requests it strikes, how often, and what it does: refuse, commit and then lie,
 * lose the request or its answer, or slow it down.
 */
import type { Distribution } from '../engine/distributions.ts';
import type { ApiStatus } from '../objects/api-status.ts';
import type { ApiRequest } from './request.ts';

export type RuleEffect =
  /** Not executed; the client gets `status`. */
  | { readonly what: 'refuse'; readonly status: ApiStatus }
  /** Executed, then answered with `status` whatever came out. */
  | { readonly what: 'refuse-after-commit'; readonly status: ApiStatus }
  /** Never executed, never answered: the client times out and cannot know. */
  | { readonly what: 'lose-request' }
  /** Executed, never answered: the client times out and cannot know. */
  | { readonly what: 'lose-reply' }
  /** Executed this much later. */
  | { readonly what: 'delay'; readonly by: Distribution }
  /** Executed at its time, answered this much later. */
  | { readonly what: 'delay-reply'; readonly by: Distribution };

export interface RequestRule {
  /** Must be pure. `client` is the client's name, such as `kubelet/b-2-7` or `kube-controller-manager/job`. */
  matches(request: ApiRequest, client: string): boolean;
  readonly effect: RuleEffect;
  /** Leaves out this many matching requests first. Default 0. */
  readonly skip?: number;
  /** Strikes this many requests, then no more. Default: until removed. */
  readonly times?: number;
  /** Draws for every request after `skip` whether it is struck. Default: all of them are. */
  readonly chance?: () => boolean;
}

/** A rule with its counts; may be in force on several servers. */
export class ActiveRule {
  readonly rule: RequestRule;
  private skip: number;
  private times: number;

  constructor(rule: RequestRule) {
    this.rule = rule;
    this.skip = rule.skip ?? 0;
    this.times = rule.times ?? Infinity;
  }

  /** Whether it strikes this request; counts it. */
  strikes(request: ApiRequest, client: string): boolean {
    if (this.times <= 0 || !this.rule.matches(request, client)) return false;
    if (this.skip > 0) {
      this.skip--;
      return false;
    }
    if (this.rule.chance?.() === false) return false;
    this.times--;
    return true;
  }
}

export class RequestRules {
  private readonly rules: ActiveRule[];

  constructor() {
    this.rules = [];
  }

  get isEmpty(): boolean {
    return this.rules.length === 0;
  }

  /** Adds a rule at the end. */
  add(rule: ActiveRule): void {
    this.rules.push(rule);
  }

  remove(rule: ActiveRule): void {
    const index = this.rules.indexOf(rule);
    if (index >= 0) this.rules.splice(index, 1);
  }

  /** The effect of the first rule that strikes this request. */
  effectOn(request: ApiRequest, client: string): RuleEffect | undefined {
    for (const active of this.rules) if (active.strikes(request, client)) return active.rule.effect;
    return undefined;
  }
}
