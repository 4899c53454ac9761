/**
 * Story: what happened to the objects a violation is about, line by line: who wrote, who saw it and when, what really
 * ran, what broke.
 *
 *   12.003s  kube-controller-manager/replicaset   creates pod/default/web-0-abc12
 *   12.008s  kube-scheduler                        sees pod/default/web-0-abc12 (new)
 *   40.000s  fault                                 node-crash node/a-1-1 begins
 *
 * Made by running the case again with a StoryTeller attached: watching changes nothing.
 */
import type { ApiRequest } from '../apiserver/request.ts';
import type { Component } from '../client/component.ts';
import type { Engine } from '../engine/engine.ts';
import { faultTopic } from '../faults/injector.ts';
import { containerTopic, nodeTopic } from '../kubelet/topics.ts';
import { type ApiStatus, isApiStatus } from '../objects/api-status.ts';
import { type AnyObject, KINDS } from '../objects/kinds.ts';
import { keyOf } from '../objects/meta.ts';
import type { Pod } from '../objects/pod.ts';
import { scenarioActionTopic } from '../scenario/event-driver.ts';
import type { World } from '../scenario/world.ts';
import { schedulingAttemptTopic } from '../scheduler/attempts.ts';
import type { Violation } from './invariant-watch.ts';

export interface StoryLine {
  readonly timeUs: number;
  readonly who: string;
  readonly what: string;
  /** `pod/default/web-0`; empty for what concerns everybody. */
  readonly subject: string;
}

/** Lines kept; the oldest go first. */
const LINES_MAX = 200_000;
/** Lines a story shows at most. */
const SHOWN_MAX = 60;

export class StoryTeller {
  private lines: StoryLine[];
  private readonly world: World;

  /** Attach before the world starts. */
  constructor(world: World) {
    this.lines = [];
    this.world = world;
    world.access.afterWrite.push((_component, client, request, result) => {
      const refusal = isApiStatus(result) ? (result as ApiStatus) : undefined;
      const object = refusal === undefined && 'kind' in result ? (result as AnyObject) : undefined;
      const subject = subjectOfRequest(request, object);
      const tail = refusal === undefined ? '' : `: refused, ${refusal.reason}`;
      this.tell(client, `${verbOf(request)} ${subject}${detailOf(request, object)}${tail}`, subject);
    });
    const { observers } = world.engine;
    observers.on(faultTopic, ({ kind, target, phase }) => {
      this.tell('fault', `${kind} ${target} ${phase === 'start' ? 'begins' : 'is mended'}`, '');
    });
    observers.on(scenarioActionTopic, ({ action, target, refusals }) => {
      this.tell('user', `${action} ${target}${refusals.length === 0 ? '' : `: ${refusals.join('; ')}`}`, '');
    });
    observers.on(containerTopic, ({ phase, nodeName, namespace, podName, podUid, container, reason }) => {
      const why = reason === '' ? '' : ` (${reason})`;
      this.tell(
        `machine ${nodeName}`,
        `${container} of ${namespace}/${podName} ${phase}${why}, uid ${shortUid(podUid)}`,
        `pod/${namespace}/${podName}`,
      );
    });
    observers.on(nodeTopic, ({ nodeName, state }) => this.tell(`machine ${nodeName}`, state.replace('-', ' '), `node/${nodeName}`));
    observers.on(schedulingAttemptTopic, ({ component, podKey, result, nodeName, message }) => {
      const what = result === 'scheduled' ? `chooses ${nodeName} for ${podKey}` : `finds no node for ${podKey}: ${message}`;
      this.tell(component, what, `pod/${podKey}`);
    });
    this.followAll();
  }

  /** The last lines about the violation's subjects, faults and users, up to its event. */
  about(violation: Violation): string {
    const subjects = new Set(violation.subjects);
    const isTold = (line: StoryLine): boolean => line.subject === '' || subjects.has(line.subject) || isChildOf(line.subject, subjects);
    const told = this.lines.filter((line) => line.timeUs <= violation.timeUs && isTold(line));
    const shown = told.slice(-SHOWN_MAX);
    const width = Math.min(42, Math.max(4, ...shown.map(({ who }) => who.length)));
    const lines = shown.map(({ timeUs, who, what }) => `${seconds(timeUs)}  ${who.padEnd(width)}  ${what}`);
    if (told.length > shown.length) lines.unshift(`... ${told.length - shown.length} earlier lines`);
    lines.push(`${seconds(violation.timeUs)}  ${violation.invariant.padEnd(width)}  ${violation.message}`);
    return lines.join('\n');
  }

  /** Every line that was kept. */
  all(): readonly StoryLine[] {
    return this.lines;
  }

  /** Hears what every incarnation of every component sees, and when; a replica that waits for its turn has no caches yet. */
  private followAll(): void {
    const { engine, access } = this.world;
    const components = access.components.filter(({ name }) => !name.startsWith('kubelet/') && name !== 'kubectl');
    const followed = components.map(() => 0);
    const before = engine.afterEvent;
    const afterEvent: Engine['afterEvent'] = (kind, target) => {
      before?.(kind, target);
      for (const [index, component] of components.entries()) {
        if (!component.isLeading || component.incarnation === followed[index]) continue;
        followed[index] = component.incarnation;
        this.follow(component);
      }
    };
    engine.afterEvent = afterEvent;
  }

  private follow(component: Component): void {
    for (const { kind } of KINDS) {
      for (const informer of component.informersOf(kind)) {
        informer.addHandlers({
          onAdd: (object) => this.sees(component.name, object, 'new'),
          onUpdate: (_old, next) => this.sees(component.name, next, stateOf(next)),
          onDelete: (object) => this.sees(component.name, object, 'gone'),
        });
      }
    }
  }

  private sees(who: string, object: AnyObject, state: string): void {
    const subject = subjectOf(object);
    this.tell(who, `sees ${subject}${state === '' ? '' : ` (${state})`}`, subject);
  }

  private tell(who: string, what: string, subject: string): void {
    if (this.lines.length >= LINES_MAX) this.lines = this.lines.slice(LINES_MAX / 2);
    this.lines.push({ timeUs: this.world.engine.nowUs, who, what, subject });
  }
}

/** `pod/default/web-0`. */
export function subjectOf(object: AnyObject): string {
  return `${object.kind.toLowerCase()}/${keyOf(object)}`;
}

function subjectOfRequest(request: ApiRequest, object: AnyObject | undefined): string {
  if (request.verb === 'create' || request.verb === 'update') return subjectOf(object ?? request.object);
  if (request.verb === 'bind' || request.verb === 'evict') return `pod/${request.key}`;
  return 'key' in request ? `${request.kind.toLowerCase()}/${request.key}` : request.kind.toLowerCase();
}

const VERBS: Readonly<Record<string, string>> = {
  create: 'creates',
  update: 'updates',
  patch: 'patches',
  delete: 'deletes',
  bind: 'binds',
  evict: 'evicts',
};

function verbOf(request: ApiRequest): string {
  const isStatus = 'subresource' in request && request.subresource === 'status';
  return `${VERBS[request.verb] ?? request.verb}${isStatus ? ' the status of' : ''}`;
}

function detailOf(request: ApiRequest, object: AnyObject | undefined): string {
  if (request.verb === 'bind') return ` to ${request.nodeName}`;
  const spec = (object as { spec?: { replicas?: number } } | undefined)?.spec;
  return request.verb !== 'delete' && spec?.replicas !== undefined ? `, ${spec.replicas} wanted` : '';
}

/** What an observer can tell from an object at a glance. */
function stateOf(object: AnyObject): string {
  const parts: string[] = [];
  if (object.kind === 'Pod') {
    const { spec, status } = object as Pod;
    if (spec.nodeName !== '') parts.push(`on ${spec.nodeName}`);
    parts.push(status.phase);
    if (status.conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True')) parts.push('ready');
  }
  if (object.metadata.deletionTimestamp !== undefined) parts.push('being deleted');
  return parts.join(', ');
}

/** Whether a pod belongs to one of the subjects, as far as names tell: `pod/default/web-abc-xyz` to `deployment/default/web`. */
function isChildOf(subject: string, subjects: ReadonlySet<string>): boolean {
  const name = subject.slice(subject.indexOf('/') + 1);
  for (const parent of subjects) {
    const owner = parent.slice(parent.indexOf('/') + 1);
    if (owner.includes('/') && name.startsWith(`${owner}-`)) return true;
  }
  return false;
}

function shortUid(uid: string): string {
  return uid.slice(0, 8);
}

function seconds(timeUs: number): string {
  return `${(timeUs / 1e6).toFixed(3)}s`.padStart(11);
}
