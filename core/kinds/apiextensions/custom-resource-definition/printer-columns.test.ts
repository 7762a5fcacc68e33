import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestKinds, type TestKinds } from '../../../registry/testing-kinds.ts';

let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

describe('a CustomResourceDefinition is refused', () => {
  it('for columns that say nothing, and for keeping all that is unknown', async () => {
    const version = (additionalPrinterColumns: object[]) => ({
      name: 'v1',
      served: true,
      storage: true,
      schema: { openAPIV3Schema: { type: 'object' } },
      additionalPrinterColumns,
    });
    const object = {
      metadata: { name: 'zs.ex.com' },
      spec: {
        group: 'ex.com',
        scope: 'Namespaced',
        names: { plural: 'zs', kind: 'Z' },
        preserveUnknownFields: true,
        versions: [version([{}, { name: 'A', type: 'foo', format: 'bar', jsonPath: 'a' }])],
      },
    };
    const path = 'spec.additionalPrinterColumns';
    expect(await kinds.created('apiextensions.k8s.io/customresourcedefinitions', object)).toEqual([
      `${path}[0].name: Required value`,
      `${path}[0].type: Required value: must be one of boolean,date,integer,number,string`,
      `${path}[0].JSONPath: Required value`,
      `${path}[1].type: Invalid value: "foo": must be one of boolean,date,integer,number,string`,
      `${path}[1].format: Invalid value: "bar": must be one of byte,date,date-time,double,float,int32,int64,password`,
      `${path}[1].JSONPath: Invalid value: "a": must be a simple json path starting with .`,
      'spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    ]);
  });
});
