/**
 * request filter: which requests a fault is about, as parameters of several faults, and the rule that strikes them.
 */
import { isWrite, kindOfRequest } from '../apiserver/request.ts';
import type { RequestRule, RuleEffect } from '../apiserver/request-rules.ts';
import type { ProblemList } from '../base/input-error.ts';
import type { ParameterDef, ParameterValues } from '../base/parameters.ts';
import type { Rng } from '../engine/rng.ts';
import { afterSlash, componentOf, type FaultTarget, type RequestMatch, type TargetKind, type Undo, type WorldControls } from './fault.ts';
import { checkKind, kindParameter } from './kind-parameter.ts';

/** What faults on requests accept: the sender (a component, or the kubelet of a node) or the server. */
export const REQUEST_TARGETS: readonly TargetKind[] = ['component', 'node', 'api-server'];

const CLIENT_PARAMETER: ParameterDef = {
  name: 'client',
  type: 'text',
  default: '',
  summary: 'only requests of this part of a component, such as the controller replicaset; empty for all',
};

/** `verbs` are the choices beside none at all. */
function verbParameter(verbs: readonly string[]): ParameterDef {
  return { name: 'verb', type: 'text', default: '', choices: ['', ...verbs], summary: 'only requests of this verb; empty for all' };
}

const WRITE_VERBS = ['create', 'update', 'patch', 'delete', 'bind', 'evict'];

/** Parameters of faults about writes. */
export const WRITE_FILTER: readonly ParameterDef[] = [verbParameter(WRITE_VERBS), kindParameter('is written'), CLIENT_PARAMETER];

/** Parameters of faults about all kinds of requests. */
export const REQUEST_FILTER: readonly ParameterDef[] = [
  verbParameter(['read', 'write', 'get', 'list', ...WRITE_VERBS]),
  kindParameter('is asked for or written'),
  CLIENT_PARAMETER,
];

/** How many of the matching requests are struck. */
export const REQUEST_COUNTS: readonly ParameterDef[] = [
  { name: 'skip', type: 'integer', default: 0, min: 0, summary: 'let this many of them pass first' },
  { name: 'count', type: 'integer', default: 0, min: 0, summary: 'strike this many and no more; 0 for all while the fault lasts' },
  {
    name: 'share',
    type: 'number',
    default: 1,
    min: 0,
    max: 1,
    summary: 'the share of them that is struck, drawn one by one from the seed',
  },
];

export const checkRequestFilter = (parameters: ParameterValues, path: string, problems: ProblemList): void =>
  checkKind(parameters, path, problems);

/** Requests that pass the filter, from anyone. */
export function requestMatch(parameters: ParameterValues): RequestMatch {
  const verb = parameters.text('verb');
  const kind = parameters.text('kind');
  const client = parameters.text('client');
  return (request, sender) => {
    if (kind !== '' && kindOfRequest(request) !== kind) return false;
    if (client !== '' && sender !== client && !sender.endsWith(`/${client}`)) return false;
    if (verb === '' || verb === request.verb) return true;
    return verb === (isWrite(request) ? 'write' : 'read');
  };
}

/** Does `effect` to the requests that the target and the parameters mean. */
export function strikeRequests(world: WorldControls, target: FaultTarget, parameters: ParameterValues, rng: Rng, effect: RuleEffect): Undo {
  const matches = requestMatch(parameters);
  const count = parameters.number('count');
  const share = parameters.number('share');
  const rule: RequestRule = {
    matches,
    effect,
    skip: parameters.number('skip'),
    times: count === 0 ? Infinity : count,
    ...(share === 1 ? {} : { chance: () => rng.nextFloat() < share }),
  };
  if (target.name === '') return world.apiServers.addRule(undefined, rule);
  if (target.name.startsWith('api-server/')) return world.apiServers.addRule(Number(afterSlash(target.name)), rule);
  const component = componentOf(world, target);
  const isOwn = (client: string): boolean => client === component || client.startsWith(`${component}/`);
  return world.apiServers.addRule(undefined, { ...rule, matches: (request, client) => isOwn(client) && matches(request, client) });
}
