import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Access, type PolicyRule, ruleMatcher, uncovered } from './policy-rule.ts';

function accessTo(fields: Partial<Access> = {}): Access {
  const pod = { verb: 'get', isResource: true, group: '', resource: 'pods', subresource: '', name: 'a', path: '' };
  return { ...pod, ...fields };
}

function pathAccess(path: string, verb = 'get'): Access {
  return accessTo({ verb, isResource: false, resource: '', name: '', path });
}

const pods: PolicyRule = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] };

describe('a rule', () => {
  it.each<[string, PolicyRule, Access, boolean]>([
    ['what it names', pods, accessTo(), true],
    ['no other verb', pods, accessTo({ verb: 'delete' }), false],
    ['no other group', pods, accessTo({ group: 'metrics.k8s.io' }), false],
    ['no other resource', pods, accessTo({ resource: 'secrets' }), false],
    ['no subresource of it', pods, accessTo({ subresource: 'exec' }), false],
    ['a subresource by name', { ...pods, resources: ['pods/log'] }, accessTo({ subresource: 'log' }), true],
    ['not the resource with a subresource', { ...pods, resources: ['pods/log'] }, accessTo(), false],
    ['a subresource of all', { ...pods, resources: ['*/scale'] }, accessTo({ subresource: 'scale' }), true],
    ['no resource by */scale', { ...pods, resources: ['*/scale'] }, accessTo(), false],
    ['all with *', { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, accessTo({ subresource: 'exec' }), true],
    ['one name', { ...pods, resourceNames: ['a'] }, accessTo(), true],
    ['no other name', { ...pods, resourceNames: ['a'] }, accessTo({ name: 'b' }), false],
    ['no list by a name', { ...pods, resourceNames: ['a'] }, accessTo({ verb: 'list', name: '' }), false],
    ['all names where it lists none', { ...pods, resourceNames: [] }, accessTo({ name: 'b' }), true],
    ['no resource by a path', { verbs: ['*'], nonResourceURLs: ['*'] }, accessTo(), false],
    ['no path by a resource', { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, pathAccess('/metrics'), false],
    ['a path', { verbs: ['get'], nonResourceURLs: ['/metrics'] }, pathAccess('/metrics'), true],
    ['no path below it', { verbs: ['get'], nonResourceURLs: ['/metrics'] }, pathAccess('/metrics/slis'), false],
    ['paths that begin so', { verbs: ['get'], nonResourceURLs: ['/api/*'] }, pathAccess('/api/v1'), true],
    ['nothing without a group', { verbs: ['*'], resources: ['*'] }, accessTo(), false],
    ['nothing where lists are null', { verbs: ['*'], apiGroups: null, resources: null }, accessTo(), false],
  ])('allows %s', (_, rule, access, allowed) => {
    expect(ruleMatcher(rule).matches(access)).toBe(allowed);
  });
});

describe('what is not covered', () => {
  it('is named verb by verb, resource by resource, name by name', () => {
    const wanted: PolicyRule = { verbs: ['get', 'delete'], apiGroups: [''], resources: ['pods', 'secrets'] };
    expect(uncovered([pods], [wanted])).toEqual([
      { verbs: ['get'], apiGroups: [''], resources: ['secrets'] },
      { verbs: ['delete'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['delete'], apiGroups: [''], resources: ['secrets'] },
    ]);
    const named: PolicyRule = { ...pods, resourceNames: ['a'] };
    expect(uncovered([named], [{ ...pods, verbs: ['get'], resourceNames: ['a', 'b'] }])).toEqual([
      { verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['b'] },
    ]);
  });

  it('is the whole of a resource where only some names are owned', () => {
    expect(uncovered([{ ...pods, resourceNames: ['a'] }], [pods])).toHaveLength(2);
  });

  it('is * where everything is listed but *', () => {
    const all: PolicyRule = { verbs: ['*'], apiGroups: [''], resources: ['pods'] };
    expect(uncovered([pods], [all])).toHaveLength(1);
    expect(uncovered([all], [pods])).toEqual([]);
  });

  it('is nothing exactly where all that is wanted was allowed before', () => {
    const some = (...values: string[]) => fc.subarray(values, { minLength: 1 });
    const rule: fc.Arbitrary<PolicyRule> = fc.oneof(
      fc.record(
        {
          verbs: some('get', 'list', '*'),
          apiGroups: some('', 'apps', '*'),
          resources: some('pods', 'pods/log', '*/log', '*'),
          resourceNames: fc.subarray(['a', 'b']),
        },
        { requiredKeys: ['verbs', 'apiGroups', 'resources'] },
      ),
      fc.record({ verbs: some('get', '*'), nonResourceURLs: some('/metrics', '/api/*', '*') }),
    );
    // 'x' stands for whatever no rule names: what * allows beside what is listed.
    const accesses = ['get', 'list', 'x'].flatMap((verb) => [
      ...['/metrics', '/api/v1', '/x'].map((path) => pathAccess(path, verb)),
      ...['', 'apps', 'x'].flatMap((group) =>
        ['pods', 'x'].flatMap((resource) =>
          ['', 'log', 'x'].flatMap((subresource) =>
            ['a', 'b', 'x'].map((name) => accessTo({ verb, group, resource, subresource, name })),
          ),
        ),
      ),
    ]);
    const allows = (rules: readonly PolicyRule[], access: Access) =>
      rules.some((each) => ruleMatcher(each).matches(access));
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 3 }), rule, (owned, wanted) => {
        const missing = uncovered(owned, [wanted]);
        const gained = accesses.some((access) => allows([wanted], access) && !allows(owned, access));
        // Owning each verb, group or name apart may add up to all of them: that is refused too, as in Kubernetes.
        if (gained) expect(missing).not.toEqual([]);
        for (const atom of missing) expect(uncovered(owned, [atom])).toEqual([atom]);
        expect(uncovered([...owned, ...missing], [wanted])).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
