/**
 * NodeAffinity: node selector, required and preferred node affinity of the pod and of the profile.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go
 */
import type { ProblemList } from '../../base/input-error.ts';
import { decodeNodeAffinity } from '../../objects/decode-affinity.ts';
import { DecodeReader, isRawObject } from '../../objects/decode-reader.ts';
import type { Node } from '../../objects/node.ts';
import type { NodeAffinitySpec, NodeSelectorTerm } from '../../objects/pod.ts';
import { NodeMatcher } from '../../objects/selectors.ts';
import { ACTION, clusterEvent } from '../cluster-event.ts';
import { definePlugin, type Plugin, type PreFilterResult } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { normalizeByMax } from '../normalize.ts';
import type { PodInfo } from '../pod-info.ts';
import { compilePreferred, matchesRequired, type PreferredNodeAffinity } from '../pod-shape.ts';
import { errorStatus, SKIP, type Status, SUCCESS, unresolvable } from '../status.ts';

const NAME = 'NodeAffinity';
const NOT_MATCHED = unresolvable(NAME, "node(s) didn't match Pod's node affinity/selector");
const NOT_ENFORCED = unresolvable(NAME, "node(s) didn't match scheduler-enforced node affinity");
const CONFLICT: PreFilterResult = { status: unresolvable(NAME, 'pod affinity terms conflict') };
const PASSED: PreFilterResult = { status: SUCCESS };
const SKIPPED: PreFilterResult = { status: SKIP };

interface NodeAffinityArgs {
  readonly addedAffinity: NodeAffinitySpec | undefined;
}

export const nodeAffinity = definePlugin<NodeAffinityArgs>({
  name: NAME,
  points: ['preFilter', 'filter', 'preScore', 'score'],
  defaultWeight: 2,
  args: [{ name: 'addedAffinity', expects: 'a node affinity, as in a pod', default: undefined, read: readAddedAffinity }],
  create: createNodeAffinity,
});

function readAddedAffinity(raw: unknown, path: string, problems: ProblemList): NodeAffinitySpec | undefined {
  if (!isRawObject(raw)) {
    problems.add(path, `expected a node affinity, found ${JSON.stringify(raw)}`);
    return undefined;
  }
  // The reader wants the mapping around the field, so that it can name the field.
  const parent = path.slice(0, Math.max(0, path.lastIndexOf('.')));
  return decodeNodeAffinity(new DecodeReader(problems, { strict: true }), { addedAffinity: raw }, parent, 'addedAffinity');
}

function createNodeAffinity(args: NodeAffinityArgs): Plugin {
  const added = args.addedAffinity;
  const enforced = added?.required === undefined ? undefined : new NodeMatcher(added.required);
  const addedPreferred = added?.preferred === undefined || added.preferred.length === 0 ? undefined : compilePreferred(added.preferred);

  function preFilter(_state: unknown, pod: PodInfo): PreFilterResult {
    const { requiredNodeAffinity: required } = pod.shape;
    if (required.affinity === undefined && enforced === undefined && required.nodeSelector === undefined) return SKIPPED;
    const terms = pod.pod.spec.affinity?.nodeAffinity?.required?.nodeSelectorTerms;
    const nodeNames = terms === undefined ? undefined : namedNodes(terms);
    if (nodeNames === undefined) return PASSED;
    return nodeNames.size === 0 ? CONFLICT : { status: SUCCESS, nodeNames };
  }

  function filter(_state: unknown, pod: PodInfo, node: NodeInfo): Status {
    const { labels, name } = node;
    if (enforced !== undefined && !enforced.matches(labels, name)) return NOT_ENFORCED;
    return matchesRequired(pod.shape.requiredNodeAffinity, labels, name) ? SUCCESS : NOT_MATCHED;
  }

  function preScore(_state: unknown, pod: PodInfo): Status {
    const own = pod.shape.preferredNodeAffinity;
    if (own === undefined && addedPreferred === undefined) return SKIP;
    return own !== undefined && own.error !== '' ? errorStatus(NAME, own.error) : SUCCESS;
  }

  function score(_state: unknown, pod: PodInfo, nodes: readonly NodeInfo[], scores: Float64Array): Status {
    const own = pod.shape.preferredNodeAffinity;
    for (let i = 0; i < nodes.length; i++) scores[i] = weightOf(addedPreferred, nodes[i]!) + weightOf(own, nodes[i]!);
    return SUCCESS;
  }

  function becameMatching(pod: PodInfo, before: unknown, after: unknown): boolean {
    if (enforced !== undefined && !matchesNode(enforced, after as Node)) return false;
    if (!matchesPod(pod, after as Node)) return false;
    return before === undefined || !matchesPod(pod, before as Node);
  }

  return {
    name: NAME,
    preFilter,
    ignoresLabels: true,
    preFilterReach: 'shape',
    filter,
    filterReach: 'static',
    preScore,
    preScoreReach: 'shape',
    score,
    scoreReach: 'static',
    normalizedZero: 0,
    normalizesByMax: 'forward',
    normalize: (_state, _pod, _nodes, scores) => {
      normalizeByMax(scores, false);
      return SUCCESS;
    },
    events: [{ event: clusterEvent('Node', ACTION.ADD | ACTION.UPDATE_NODE_LABEL), hint: becameMatching }],
  };
}

/** The nodes that the terms name; undefined when some term names none, so that any node may match. */
function namedNodes(terms: readonly NodeSelectorTerm[]): ReadonlySet<string> | undefined {
  if (terms.length === 0) return undefined;
  const union = new Set<string>();
  for (const term of terms) {
    let names: readonly string[] | undefined;
    for (const { key, operator, values } of term.matchFields) {
      if (key !== 'metadata.name' || operator !== 'In') continue;
      names = names === undefined ? values : names.filter((name) => values.includes(name));
    }
    if (names === undefined) return undefined;
    for (const name of names) union.add(name);
  }
  return union;
}

function weightOf(preferred: PreferredNodeAffinity | undefined, node: NodeInfo): number {
  if (preferred === undefined) return 0;
  let sum = 0;
  for (const { weight, matcher } of preferred.terms) if (matcher.matches(node.labels, node.name)) sum += weight;
  return sum;
}

function matchesNode(matcher: NodeMatcher, node: Node): boolean {
  return matcher.matches(node.metadata.labels, node.metadata.name);
}

function matchesPod(pod: PodInfo, node: Node): boolean {
  return matchesRequired(pod.shape.requiredNodeAffinity, node.metadata.labels, node.metadata.name);
}
