/**
 * TaintNodesByCondition: a new node takes no pods until something has said that it is ready.
 *
 * Models    kubernetes v1.34 plugin/pkg/admission/nodetaint
 */
import type { Node, Taint } from '../../objects/node.ts';
import { TAINT_NOT_READY } from '../../objects/node.ts';
import type { AdmissionStepDef } from './admission.ts';

export const taintNodesByCondition: AdmissionStepDef = {
  name: 'TaintNodesByCondition',
  summary: 'gives new nodes the taint not-ready:NoSchedule',
  operations: ['create'],
  kinds: ['Node'],
  create: () => ({
    admit: (object) => {
      const node = object as Node;
      if (node.spec.taints.some((taint) => taint.key === TAINT_NOT_READY && taint.effect === 'NoSchedule')) return node;
      const taint: Taint = { key: TAINT_NOT_READY, value: '', effect: 'NoSchedule', timeAdded: undefined };
      return { ...node, spec: { ...node.spec, taints: [...node.spec.taints, taint] } };
    },
  }),
};
