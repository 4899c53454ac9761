/**
 * Recovery: for each fault that struck, what it hit, when the control plane noticed, and when everything was back.
 *
 *   struck nodes     nodes at or below the vertices the fault names; none for faults of components
 *   blast radius     unfinished pods bound to them at that moment, and their workloads
 *   detection        first struck node that becomes NotReady, is tainted NoExecute as lost, or is removed
 *   eviction         first and last of the hit pods to be marked for deletion while their node is not ready
 *   re-scheduling    last pod of a hurt workload bound before recovery
 *   recovery         when all hurt workloads have what they had before: min(wanted now, ready just before) ready replicas
 *   lost replicas    the shortfall against that, integrated from the fault to recovery
 *
 * A workload is hurt when it falls below that number while the fault is open. A fault stays open until it is healed and
 * nothing is missing; one that is never healed, until every hit pod has been lost or replaced and nothing is missing.
 * Faults that overlap on one workload each count its whole shortfall.
 *
 * Cost      O(hit pods) when a fault strikes; O(open faults of the workload) per readiness change
 */
import { compareCodeUnits } from '../base/compare.ts';
import { NODE, type NodeRecord, POD, type WorkloadRecord } from './cluster-records.ts';
import { LatencySketch } from './latency-sketch.ts';
import { type Answer, defineMeasure, type FaultRecord } from './measure.ts';
import { seriesAnswers } from './measurements.ts';
import { OpenFault } from './open-fault.ts';
import type { TableSpec } from './result.ts';
import { column, TableBuilder } from './table-builder.ts';

export const FAULTS: TableSpec = {
  name: 'faults',
  description: 'Every fault that struck: blast radius, detection, eviction, recovery. Times are counted from its start.',
  columns: [
    column('fault', 'string', '', 'Name of the scenario event, or the kind.'),
    column('kind', 'string', '', 'Fault kind.'),
    column('target', 'string', '', 'What it struck.'),
    column('start_us', 'integer', 'us', 'When it struck.'),
    column('heal_us', 'integer', 'us', 'When it was healed; empty when it was not.'),
    column('nodes', 'integer', 'nodes', 'Nodes struck.'),
    column('pods', 'integer', 'pods', 'Unfinished pods on them.'),
    column('workloads', 'integer', 'count', 'Workloads of these pods.'),
    column('workloads_hurt', 'integer', 'count', 'Workloads that fell short because of it.'),
    column('detection_us', 'integer', 'us', 'Until the first struck node was known to be lost; empty when none was.'),
    column('detection_last_us', 'integer', 'us', 'Until the last one was.'),
    column('eviction_us', 'integer', 'us', 'Until the first hit pod was marked for deletion.'),
    column('eviction_last_us', 'integer', 'us', 'Until the last one was.'),
    column('rescheduled_us', 'integer', 'us', 'Until the last replacement was bound; empty when none was.'),
    column('recovery_us', 'integer', 'us', 'Until nothing was missing; 0 when nothing was hurt, empty when it never came.'),
    column('lost_replica_us', 'integer', 'us', 'Missing replicas integrated over time (replica-microseconds).'),
  ],
};

export const FAULT_WORKLOADS: TableSpec = {
  name: 'fault_workloads',
  description: 'What each fault did to each workload with a wanted number of replicas.',
  columns: [
    column('fault', 'string', '', 'Name of the scenario event, or the kind.'),
    column('target', 'string', '', 'What it struck.'),
    column('start_us', 'integer', 'us', 'When it struck.'),
    column('workload', 'string', '', 'Workload.'),
    column('ready_before', 'integer', 'pods', 'Ready replicas just before.'),
    column('struck', 'integer', 'pods', 'Of these, on struck nodes.'),
    column('share_struck', 'number', 'share', 'struck over ready_before; empty when none was ready.'),
    column('fewest_ready', 'integer', 'pods', 'Fewest ready replicas until recovery.'),
    column('recovery_us', 'integer', 'us', 'Until it had all replicas again; 0 when it was not hurt, empty when it never had.'),
    column('lost_replica_us', 'integer', 'us', 'Missing replicas integrated over time.'),
  ],
};

export const FAULT_SUMMARY: TableSpec = {
  name: 'fault_summary',
  description: 'Faults by name.',
  columns: [
    column('fault', 'string', '', 'Name of the scenario event, or the kind.'),
    column('strikes', 'integer', 'count', 'How often it struck.'),
    column('detected', 'integer', 'count', 'Strikes noticed by a node becoming not ready.'),
    column('detection_p50_us', 'integer', 'us', 'Median time to detection.'),
    column('detection_max_us', 'integer', 'us', 'Longest.'),
    column('eviction_max_us', 'integer', 'us', 'Longest time to the first eviction.'),
    column('recovery_p50_us', 'integer', 'us', 'Median time to recovery.'),
    column('recovery_max_us', 'integer', 'us', 'Longest.'),
    column('not_recovered', 'integer', 'count', 'Strikes whose damage was not made good by the end of the run.'),
    column('nodes', 'integer', 'nodes', 'Nodes struck, in all.'),
    column('pods', 'integer', 'pods', 'Pods hit, in all.'),
    column('lost_replica_us', 'integer', 'us', 'Missing replicas integrated over time.'),
  ],
};

const MAX_ROWS = 5000;

interface Summary {
  readonly name: string;
  strikes: number;
  notRecovered: number;
  nodes: number;
  pods: number;
  lostReplicaUs: number;
  readonly detection: LatencySketch;
  readonly eviction: LatencySketch;
  readonly recovery: LatencySketch;
  /** Largest share of a workload's ready replicas that stood on struck nodes; NaN when none was ready at any strike. */
  readonly shareLost: Map<WorkloadRecord, number>;
}

export const recovery = defineMeasure({
  name: 'recovery',
  description: 'Blast radius, detection, eviction, re-scheduling and recovery of every fault.',
  tables: [FAULTS, FAULT_WORKLOADS, FAULT_SUMMARY],
  create: (ctx) => {
    const open = new Map<string | number, OpenFault>();
    const ofWorkload = new Map<WorkloadRecord, Set<OpenFault>>();
    const ofNode = new Map<NodeRecord, Set<OpenFault>>();
    const summaries = new Map<string, Summary>();
    const detection = new LatencySketch(7);
    const recoveryTimes = new LatencySketch(7);
    const closed: OpenFault[] = [];
    /** Made good before they were healed; their rows still lack the time of healing. */
    const closedUnhealed = new Map<string | number, OpenFault>();
    let notKept = 0;

    function strike(record: FaultRecord, timeUs: number): void {
      const fault = new OpenFault(record, timeUs, struckNodes(record.target));
      open.set(record.id, fault);
      for (const node of fault.nodes) addTo(ofNode, node, fault);
      for (const workload of fault.workloads.keys()) addTo(ofWorkload, workload, fault);
      fault.lookAt(timeUs);
    }

    function heal(record: FaultRecord, timeUs: number): void {
      const fault = open.get(record.id) ?? closedUnhealed.get(record.id);
      if (fault === undefined) return;
      fault.healUs = timeUs;
      if (closedUnhealed.delete(record.id)) return;
      closeIfDone(fault, timeUs);
    }

    function closeIfDone(fault: OpenFault, timeUs: number): void {
      if (fault.isDone) close(fault, timeUs);
    }

    function close(fault: OpenFault, timeUs: number): void {
      fault.close(timeUs);
      open.delete(fault.id);
      for (const node of fault.nodes) ofNode.get(node)?.delete(fault);
      for (const workload of fault.workloads.keys()) ofWorkload.get(workload)?.delete(fault);
      book(fault);
      if (closed.length >= MAX_ROWS) {
        notKept++;
        return;
      }
      fault.forgetPods();
      closed.push(fault);
      if (fault.healUs === null) closedUnhealed.set(fault.id, fault);
    }

    function book(fault: OpenFault): void {
      let summary = summaries.get(fault.name);
      if (summary === undefined) {
        summary = newSummary(fault.name);
        summaries.set(fault.name, summary);
      }
      summary.strikes++;
      summary.nodes += fault.nodeCount;
      summary.pods += fault.podCount;
      summary.lostReplicaUs += fault.lostReplicaUs;
      if (fault.detectionUs !== null) {
        summary.detection.add(fault.detectionUs);
        detection.add(fault.detectionUs);
      }
      if (fault.evictionUs !== null) summary.eviction.add(fault.evictionUs);
      if (fault.recoveryUs === null) {
        summary.notRecovered++;
      } else {
        summary.recovery.add(fault.recoveryUs);
        if (fault.hurtCount > 0) recoveryTimes.add(fault.recoveryUs);
      }
      for (const [workload, hit] of fault.workloads) {
        // Of nothing no share can be lost: NaN marks a workload that was struck while none of it was ready.
        const share = hit.readyBefore > 0 ? hit.struck / hit.readyBefore : Number.NaN;
        const known = summary.shareLost.get(workload);
        if (known === undefined || known !== known || share > known) summary.shareLost.set(workload, share);
      }
    }

    /** Nodes at or below every vertex named in `target`: `zone/b`, `rack/c-2 -> control-plane`, `node/a-1-1, node/a-1-2`. */
    function struckNodes(target: string): NodeRecord[] {
      const found = new Set<NodeRecord>();
      for (const name of target.split(/\s*(?:<?->|<-|,|\s)\s*/)) {
        const vertex = ctx.topology.find(name);
        if (vertex < 0 || ctx.topology.vertex(vertex).kind === 'control-plane') continue;
        for (const id of ctx.topology.nodesBelow(vertex)) {
          const node = ctx.view.findNode(ctx.topology.vertex(id).label);
          if (node !== undefined) found.add(node);
        }
      }
      return [...found];
    }

    ctx.on(ctx.topics.fault, (record, timeUs) => {
      if (record.phase === 'start') strike(record, timeUs);
      else heal(record, timeUs);
    });
    ctx.view.onNode((node, change, timeUs) => {
      if (!(change & (NODE.NOT_READY | NODE.TAINTED | NODE.REMOVED))) return;
      for (const fault of ofNode.get(node) ?? []) fault.noteDetection(node, timeUs);
    });
    ctx.view.onPod(WATCHED, (pod, change, timeUs) => {
      if (open.size === 0) return;
      const faults = ofWorkload.get(pod.workload);
      if (faults === undefined || faults.size === 0) return;
      for (const fault of [...faults]) {
        fault.notePod(pod, change, timeUs);
        closeIfDone(fault, timeUs);
      }
    });
    ctx.view.onWorkload((workload, timeUs) => {
      for (const fault of [...(ofWorkload.get(workload) ?? [])]) {
        fault.noteWorkload(workload, timeUs);
        closeIfDone(fault, timeUs);
      }
    });

    return {
      finish: (endUs) => {
        for (const fault of [...open.values()]) close(fault, endUs);
        closed.sort((a, b) => a.startUs - b.startUs || compareCodeUnits(`${a.name} ${a.target}`, `${b.name} ${b.target}`));
        const faultTable = new TableBuilder(FAULTS);
        const workloadTable = new TableBuilder(FAULT_WORKLOADS, MAX_ROWS);
        for (const fault of closed) pushFault(fault, faultTable, workloadTable);
        faultTable.omit(notKept);
        const summaryTable = new TableBuilder(FAULT_SUMMARY);
        const names = [...summaries.keys()].sort(compareCodeUnits);
        for (const name of names) pushSummary(summaryTable, summaries.get(name)!);
        const all = names.map((name) => summaries.get(name)!);
        const longest = all.reduce((most, summary) => Math.max(most, summary.recovery.count > 0 ? summary.recovery.max : 0), 0);
        const notRecovered = all.reduce((sum, summary) => sum + summary.notRecovered, 0);
        return {
          tables: [faultTable.build(), workloadTable.build(), summaryTable.build()],
          figures:
            all.length === 0
              ? []
              : [
                  {
                    name: 'recovery.longest',
                    title: 'Longest recovery from a fault',
                    value: longest,
                    unit: 'us',
                    table: FAULTS.name,
                    detail: notRecovered > 0 ? `${notRecovered} not recovered` : '',
                  },
                ],
          answers: [
            ...seriesAnswers('fault.detection', detection, FAULTS.name),
            ...seriesAnswers('fault.recovery', recoveryTimes, FAULTS.name),
            ...faultAnswers(summaries, (name) => ctx.view.findWorkload(name)),
          ],
        };
      },
    };
  },
});

const WATCHED = POD.BOUND | POD.READY | POD.UNREADY | POD.TERMINATING | POD.FINISHED | POD.DELETED | POD.WENT_DOWN | POD.CAME_UP;

function pushFault(fault: OpenFault, faults: TableBuilder, workloads: TableBuilder): void {
  faults.push(
    fault.name,
    fault.kind,
    fault.target,
    fault.startUs,
    fault.healUs,
    fault.nodeCount,
    fault.podCount,
    fault.workloads.size,
    fault.hurtCount,
    fault.detectionUs,
    fault.detectionLastUs,
    fault.evictionUs,
    fault.evictionLastUs,
    fault.rescheduledUs,
    fault.recoveryUs,
    fault.lostReplicaUs,
  );
  for (const [workload, hit] of fault.workloads) {
    if (workload.desired < 0) continue;
    workloads.push(
      fault.name,
      fault.target,
      fault.startUs,
      workload.name,
      hit.readyBefore,
      hit.struck,
      hit.readyBefore > 0 ? hit.struck / hit.readyBefore : null,
      hit.fewestReady,
      hit.isHurt ? (hit.isShort ? null : hit.recoveredUs - fault.startUs) : 0,
      hit.missing.total(fault.closedUs),
    );
  }
}

function faultAnswers(summaries: ReadonlyMap<string, Summary>, findWorkload: (name: string) => WorkloadRecord | undefined): Answer[] {
  const find = (text: string | undefined): Summary | undefined => summaries.get((text ?? '').replace(/^fault\//, ''));
  const names = (): string[] => [...summaries.keys()].map((name) => `fault/${name}`);
  const longest = (name: string, of: (summary: Summary) => LatencySketch): Answer => ({
    name,
    table: FAULTS.name,
    value: (args) => {
      const summary = find(args[0]);
      return summary === undefined || of(summary).count === 0 ? undefined : of(summary).max;
    },
    known: names,
  });
  return [
    longest('time_to_detect', (summary) => summary.detection),
    longest('time_to_evict', (summary) => summary.eviction),
    {
      name: 'time_to_recover',
      table: FAULTS.name,
      value: (args) => {
        const summary = find(args[0]);
        // Not measured while one has not recovered.
        return summary === undefined || summary.notRecovered > 0 ? undefined : summary.recovery.max;
      },
      known: names,
    },
    {
      name: 'share_lost',
      table: FAULT_WORKLOADS.name,
      value: (args) => {
        const summary = find(args[1]);
        const workload = args[0] === undefined ? undefined : findWorkload(args[0]);
        return summary === undefined || workload === undefined ? undefined : (summary.shareLost.get(workload) ?? 0);
      },
      known: () =>
        [...summaries.values()].flatMap((summary) =>
          [...summary.shareLost].flatMap(([workload, share]) => (share === share ? [`${workload.name}, fault/${summary.name}`] : [])),
        ),
    },
  ];
}

function addTo<K>(map: Map<K, Set<OpenFault>>, key: K, fault: OpenFault): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, new Set([fault]));
  else known.add(fault);
}

function newSummary(name: string): Summary {
  return {
    name,
    strikes: 0,
    notRecovered: 0,
    nodes: 0,
    pods: 0,
    lostReplicaUs: 0,
    detection: new LatencySketch(7),
    eviction: new LatencySketch(7),
    recovery: new LatencySketch(7),
    shareLost: new Map(),
  };
}

function pushSummary(table: TableBuilder, summary: Summary): void {
  const { detection, eviction, recovery: back } = summary;
  table.push(
    summary.name,
    summary.strikes,
    detection.count,
    detection.quantile(0.5),
    detection.max,
    eviction.max,
    back.quantile(0.5),
    back.max,
    summary.notRecovered,
    summary.nodes,
    summary.pods,
    summary.lostReplicaUs,
  );
}
