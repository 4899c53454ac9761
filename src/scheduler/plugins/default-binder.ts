/**
 * DefaultBinder: asks the API server to bind the pod.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/defaultbinder/default_binder.go
 */
import type { Op } from '../../engine/process.ts';
import { definePlugin, type PluginHandle } from '../framework.ts';
import type { PodInfo } from '../pod-info.ts';
import { errorStatus, type Status } from '../status.ts';

const NAME = 'DefaultBinder';

export const defaultBinder = definePlugin({
  name: NAME,
  points: ['bind'],
  defaultWeight: 0,
  args: [],
  create: (_args, handle) => ({
    name: NAME,
    bind: (_state, pod, nodeName) => bind(handle, pod, nodeName),
  }),
});

function* bind({ writer }: PluginHandle, pod: PodInfo, nodeName: string): Op<Status> {
  if (writer === undefined) return errorStatus(NAME, 'this scheduler cannot write');
  return yield* writer.bindPod(pod, nodeName);
}
