// What the reference says of things that no program describes itself.

import type { StatusReason } from '../../core/machinery/status.ts';

/** Of users; those of functions on AWS the stack sets itself. */
export const variables: Readonly<Record<string, string>> = {
  KUBECONFIG: 'the cluster that commands ask, where no `--kubeconfig` is given; then the one of this machine',
  ZEROPLANE_DATA_DIR: 'what `--data-dir` is where it is not given',
  ZEROPLANE_HELPER_IMAGE: 'what `--helper-image` of `run` is where it is not given',
  ZEROPLANE_ID_TOKEN: "`run --oidc`: the pipeline's token, where its provider has no way of its own",
  ZEROPLANE_LOG: 'least level that the processes log: `debug`, `info` (default), `warn`, `error`',
  ZEROPLANE_SERVER: 'what `--server` of `run` is where it is not given',
  ZEROPLANE_TOKEN: "the agent's join token, where it is not in a file",
};

/** What a client does about each. Source: Kubernetes API conventions, "Response Status Kind". */
export const advice: Readonly<Record<StatusReason, string>> = {
  BadRequest: 'the request cannot be read: its message names the field or the parameter',
  Unauthorized: 'the credential is missing, past its end, or of another cluster: get another one',
  Forbidden: 'RBAC, admission or a quota says no: `kubectl auth can-i` tells which',
  NotFound: 'there is no such object, or no such resource: `kubectl api-resources` says which there are',
  MethodNotAllowed: 'the resource has no such verb',
  NotAcceptable: 'the answer cannot be had in that media type: ask for `application/json`',
  AlreadyExists: 'an object of that name is there: change it, or take `generateName`',
  Conflict: 'somebody else was quicker, or owns the field: read again, and try again',
  Expired: 'the revision that a list or watch wants is compacted: list anew',
  Gone: 'the same',
  RequestEntityTooLarge: 'the body is larger than is taken: split it',
  UnsupportedMediaType: 'the body comes in a media type that is not read here',
  Invalid: 'validation refused it: `details.causes` names each field',
  TooManyRequests: 'priority and fairness, or an eviction that a budget holds up: wait for `Retry-After`',
  InternalError: 'a fault of ours: the log of the API server has it (`zeroplane logs apiserver`)',
  StorageReadError: 'an object cannot be decrypted: [its key is missing](../encryption.md)',
  NotImplemented: 'what is not there in this form of the cluster: the message says what to use',
  ServiceUnavailable: 'an extension API server or a node does not answer, or the store is busy: try again',
  Timeout: 'it took longer than it may: try again, with less at once',
  ServerTimeout: 'the same, before it began: `Retry-After` says when',
};
