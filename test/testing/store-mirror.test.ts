import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Store } from '../../src/apiserver/store.ts';
import { Engine } from '../../src/engine/engine.ts';
import { newMeta, objectKey } from '../../src/objects/meta.ts';
import { StoreMirror } from '../../src/testing/store-mirror.ts';
import { check } from '../support/seeded.ts';

const NAMESPACES = ['a', 'b'];

function lease(namespace: string, name: string, holder: string) {
  const spec = { holderIdentity: holder, leaseDurationSeconds: 15, acquireTime: 0, renewTime: 0, leaseTransitions: 0 };
  return { kind: 'Lease' as const, apiVersion: 'coordination.k8s.io/v1' as const, metadata: newMeta({ namespace, name }), spec };
}

test('has what the store had at the last write it was told of', () => {
  const write = fc.record({
    namespace: fc.constantFrom(...NAMESPACES),
    name: fc.constantFrom('x', 'y', 'z'),
    verb: fc.constantFrom('put', 'delete'),
    holder: fc.constantFrom('p', 'q'),
  });
  check(
    fc.property(fc.array(write, { maxLength: 40 }), (writes) => {
      const store = new Store(new Engine({ seed: 1 }));
      const mirror = new StoreMirror();
      store.onCommit((kind, _type, _old, next, revision, key) => mirror.put(kind, key, next, revision));
      for (const { namespace, name, verb, holder } of writes) {
        const key = objectKey(namespace, name);
        if (verb === 'delete') store.delete('Lease', key);
        else if (store.get('Lease', key) === undefined) store.create(lease(namespace, name, holder));
        else store.patch('Lease', key, (old) => ({ ...old, spec: { ...old.spec, holderIdentity: holder } }));
        expect(mirror.revision).toBe(store.revision);
        expect(mirror.get('Lease', key)).toBe(store.get('Lease', key));
        expect(mirror.list('Lease')).toEqual(store.list('Lease'));
        for (const one of NAMESPACES) expect(mirror.list('Lease', one)).toEqual(store.list('Lease', one));
      }
      expect(mirror.list('Pod')).toEqual([]);
    }),
  );
});
