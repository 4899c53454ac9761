/**
 * DefaultBinder: asks the API server to bind the pod.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/defaultbinder/default_binder.go
 */
import { definePlugin } from '../framework.ts';
import { errorStatus } from '../status.ts';

const NAME = 'DefaultBinder';

export const defaultBinder = definePlugin({
  name: NAME,
  points: ['bind'],
  defaultWeight: 0,
  args: [],
  create: (_args, handle) => ({
    name: NAME,
    *bind(_state, pod, nodeName) {
      const { writer } = handle;
      if (writer === undefined) return errorStatus(NAME, 'this scheduler cannot write');
      return yield* writer.bindPod(pod, nodeName);
    },
  }),
});
