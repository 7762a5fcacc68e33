import { expect, it } from 'vitest';
import { mergeSwagger, type SwaggerParts } from './merge-swagger.ts';

const own: SwaggerParts = {
  paths: { '/apis/apps/v1/': { get: {} } },
  definitions: { Same: { type: 'string' }, Other: { type: 'string' } },
};
const ref = (name: string) => ({ $ref: `#/definitions/${name}` });
const theirs = {
  paths: {
    '/apis/x.io/v1/': { get: { schema: ref('Top') } },
    '/apis/apps/v1/': { get: { theirs: true } },
    '/healthz': {},
  },
  definitions: {
    Top: { properties: { same: ref('Same'), other: ref('Other'), top: ref('Top') } },
    Same: { type: 'string' },
    Other: { type: 'integer' },
    Unused: {},
  },
};

it('adds paths that are not there, and what they need, under a name of its own where ours means something else', () => {
  const merged = mergeSwagger(own, [theirs]);
  expect(merged.paths).toEqual({ ...own.paths, '/apis/x.io/v1/': theirs.paths['/apis/x.io/v1/'] });
  expect(merged.definitions).toEqual({
    ...own.definitions,
    Other_v2: { type: 'integer' },
    Top: { properties: { same: ref('Same'), other: ref('Other_v2'), top: ref('Top') } },
  });
});

it('takes nothing from what is no document', () => {
  expect(mergeSwagger(own, [undefined, 'text', [1], { paths: 7, definitions: null }])).toEqual(own);
});
