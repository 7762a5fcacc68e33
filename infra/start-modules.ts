// What a function's start loads beside what its entry imports: modules that the code imports by name once it knows which function it is.
// A bundle keeps what one start takes together in one file, and what several take in another, however many modules these are: each
// file that Node loads costs a start about a millisecond of processor time. What is not named here is loaded when it is first asked for.

import type { BundleName } from './function-rows.ts';

const http = ['functions/apiserver/serverless/http-handlers.ts', 'core/store/dynamodb/connect.ts'];
const api = [...http, 'functions/apiserver/serverless/open.ts', 'functions/apiserver/flow-control/flow-control.ts'];

/** What writes objects of all kinds sooner or later, and none of the kinds in particular. */
const writes = ['core/registry/changes.ts', 'core/registry/removals.ts', 'core/registry/admission/plugins-of-pods.ts'];

/** By the start's name: paths below the root. */
export type Starts = Readonly<Record<string, readonly string[]>>;

export const startsOf: Readonly<Record<BundleName, Starts>> = {
  apiserver: {
    // Most of its clients are kubectl, which asks for Tables.
    read: [
      ...api,
      'core/api/built-in-columns.ts',
      'core/registry/read/watch.ts',
      'functions/apiserver/resources/watch.ts',
      'functions/apiserver/system/documents.ts',
    ],
    write: [...api, 'core/registry/create.ts', 'functions/apiserver/resources/write.ts'],
    node: [...api, 'functions/apiserver/node/endpoints.ts'],
    hosted: [
      ...http,
      'functions/apiserver/serverless/hosted/front.ts',
      'core/store/dynamodb/connect-hosted.ts',
      'core/registry/create.ts',
      'functions/apiserver/resources/write.ts',
    ],
    notifier: [
      'functions/apiserver/serverless/notifier.ts',
      'core/replica/replicas.ts',
      'core/work/worker-function.ts',
      'core/store/dynamodb/connect-notifier.ts',
    ],
  },
  controllers: {
    own: ['functions/controllers/own.ts', ...writes],
    hosting: ['functions/controllers/hosting/open-hosting.ts', 'core/store/dynamodb/connect-hosted.ts', ...writes],
  },
  scheduler: { start: ['core/registry/changes.ts', 'core/registry/admission/plugins-of-pods.ts'] },
  'stream-trigger': { start: [] },
  channel: { start: [] },
  drainer: { start: [] },
};
