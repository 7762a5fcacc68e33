// The options of a pod's log, read from the query. Source: v1.PodLogOptions.

import {
  type FieldError,
  forbiddenField,
  invalid,
  invalidValue,
  notSupported,
} from '../../../core/machinery/field-error.ts';
import type { StreamRequest } from '../../../core/node/protocol.ts';
import type { PodStream } from '../streams-contract.ts';
import { containerOf, podOf } from './container.ts';

type LogRequest = Extract<StreamRequest, { type: 'log' }>;

const streams = ['All', 'Stdout', 'Stderr'] as const;

/** Throws BadRequest for what cannot be read, Invalid for what is out of range or contradicts itself. */
export function logRequest(stream: PodStream): LogRequest {
  const { query } = stream;
  const sinceSeconds = query.integer('sinceSeconds');
  const tailLines = query.integer('tailLines');
  const limitBytes = query.integer('limitBytes');
  const sinceTime = query.time('sinceTime');
  const selected = query.text('stream');

  const errors: FieldError[] = [];
  if (tailLines !== undefined && tailLines < 0)
    errors.push(invalidValue('tailLines', tailLines, 'must be greater than or equal to 0'));
  if (limitBytes !== undefined && limitBytes < 1)
    errors.push(invalidValue('limitBytes', limitBytes, 'must be greater than 0'));
  if (sinceSeconds !== undefined && sinceTime !== undefined)
    errors.push(forbiddenField('', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  else if (sinceSeconds !== undefined && sinceSeconds < 1)
    errors.push(invalidValue('sinceSeconds', sinceSeconds, 'must be greater than 0'));
  const output = streams.find((each) => each === selected);
  if (selected !== undefined && output === undefined) errors.push(notSupported('stream', selected, streams));
  if (tailLines !== undefined && output !== undefined && output !== 'All')
    errors.push(forbiddenField('', '`tailLines` and specific `stream` are mutually exclusive for now'));
  if (errors.length > 0) throw invalid('PodLogOptions', '', stream.pod.metadata.name ?? '', errors);

  return {
    type: 'log',
    ...podOf(stream),
    container: containerOf(stream),
    follow: query.boolean('follow'),
    previous: query.boolean('previous'),
    timestamps: query.boolean('timestamps'),
    ...(sinceSeconds !== undefined && { sinceSeconds }),
    ...(sinceTime !== undefined && { sinceTime }),
    ...(tailLines !== undefined && { tailLines }),
    ...(limitBytes !== undefined && { limitBytes }),
    ...(output !== undefined && { stream: output }),
  };
}
