/**
 * Coverage: which behaviours a case has shown, as a set of short texts: each kind of request with its answer, each reason of
 * a cluster event, each kind of fault on each kind of target. A case that shows something new is worth keeping.
 *
 * Source    behaviour coverage instead of line coverage, as in Jepsen-style and protocol fuzzers: it needs no instrumentation
 */
import { kubeEventTopic } from '../client/component.ts';
import { faultTopic } from '../faults/injector.ts';
import { isApiStatus } from '../objects/api-status.ts';
import type { World } from '../scenario/world.ts';

/** Collects behaviours into `into`; attach before the world starts. */
export function observeBehaviours(world: World, into: Set<string>): void {
  world.access.afterWrite.push((_component, client, request, result) => {
    const kind = 'object' in request ? request.object.kind : 'kind' in request ? request.kind : 'Pod';
    const answer = isApiStatus(result) ? `${result.code} ${result.reason}` : 'ok';
    into.add(`${client.replace(/^kubelet\/.*/, 'kubelet').replace(/-\d+(?=\/|$)/, '')} ${request.verb} ${kind}: ${answer}`);
  });
  world.engine.observers.on(kubeEventTopic, ({ kind, reason }) => into.add(`event ${kind} ${reason}`));
  world.engine.observers.on(faultTopic, ({ kind, target }) => into.add(`fault ${kind} ${target.split('/')[0]}`));
}
