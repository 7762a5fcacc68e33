// "should support ... API operations" of admission, priority and certificates.

import { afterAll, beforeAll, describe, expect } from 'vitest';
import { conformance } from './conformance.ts';
import { supportsOperations } from './lifecycle.ts';
import { type ConformanceApi, openApi } from './open-api.ts';

let t: ConformanceApi;

beforeAll(async () => {
  t = await openApi();
});

afterAll(async () => {
  await t.close();
});

const admission = { group: 'admissionregistration.k8s.io', version: 'v1' };
const rules = [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] }];
const matchConstraints = { resourceRules: rules };

describe('API operations', () => {
  conformance('API priority and fairness should support FlowSchema API operations', () =>
    supportsOperations(t, {
      group: 'flowcontrol.apiserver.k8s.io',
      version: 'v1',
      resource: 'flowschemas',
      status: true,
      body: {
        spec: {
          matchingPrecedence: 10000,
          priorityLevelConfiguration: { name: 'global-default' },
          distinguisherMethod: { type: 'ByUser' },
          rules: [
            {
              subjects: [{ kind: 'User', user: { name: 'example-e2e-non-existent-user' } }],
              nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
            },
          ],
        },
      },
    }),
  );

  conformance('API priority and fairness should support PriorityLevelConfiguration API operations', () =>
    supportsOperations(t, {
      group: 'flowcontrol.apiserver.k8s.io',
      version: 'v1',
      resource: 'prioritylevelconfigurations',
      status: true,
      body: { spec: { type: 'Limited', limited: { nominalConcurrencyShares: 2, limitResponse: { type: 'Reject' } } } },
    }),
  );

  conformance(
    'ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicy API operations',
    () =>
      supportsOperations(t, {
        ...admission,
        resource: 'validatingadmissionpolicies',
        status: true,
        body: { spec: { matchConstraints, validations: [{ expression: 'object.spec.replicas <= 100' }] } },
      }),
  );

  conformance(
    'ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicyBinding API operations',
    () =>
      supportsOperations(t, {
        ...admission,
        resource: 'validatingadmissionpolicybindings',
        body: { spec: { policyName: 'replicalimit', validationActions: ['Deny'] } },
      }),
  );

  conformance(
    'MutatingAdmissionPolicy [Privileged:ClusterAdmin] should support MutatingAdmissionPolicy API operations',
    () =>
      supportsOperations(t, {
        ...admission,
        resource: 'mutatingadmissionpolicies',
        body: {
          spec: {
            matchConstraints,
            reinvocationPolicy: 'Never',
            // A list of nothing is one of no type, which no policy may give.
            mutations: [
              {
                patchType: 'JSONPatch',
                jsonPatch: { expression: '[JSONPatch{op: "add", path: "/metadata/labels/mutated", value: "yes"}]' },
              },
            ],
          },
        },
      }),
  );

  conformance(
    'MutatingAdmissionPolicy [Privileged:ClusterAdmin] should support MutatingAdmissionPolicyBinding API operations',
    () =>
      supportsOperations(t, {
        ...admission,
        resource: 'mutatingadmissionpolicybindings',
        body: { spec: { policyName: 'p' } },
      }),
  );

  conformance('Certificates API [Privileged:ClusterAdmin] should support CSR API operations', async () => {
    const { certificateRequest } = await import('../../core/certificates/testing.ts');
    const request = Buffer.from((await certificateRequest('e2e-example')).request).toString('base64');
    const body = { spec: { request, signerName: 'example.com/e2e', usages: ['digital signature', 'client auth'] } };
    await supportsOperations(t, {
      group: 'certificates.k8s.io',
      version: 'v1',
      resource: 'certificatesigningrequests',
      status: true,
      body,
    });
    const base = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
    const made = (await t.post(base, { ...body, metadata: { name: 'a' } })).body;
    const condition = { type: 'Approved', status: 'True', reason: 'E2E', message: 'set by a test' };
    const approved = await t.put(`${base}/a/approval`, { ...made, status: { conditions: [condition] } });
    expect(approved).toMatchObject({ status: 200, body: { status: { conditions: [{ type: 'Approved' }] } } });
  });
});
