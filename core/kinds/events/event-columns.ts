// Columns of events, of both groups.

import type { CoreV1Event, EventsV1Event } from '../../../generated/kubernetes.ts';
import { ageOf } from '../../api/age.ts';
import { integer, nameColumn, text, wide } from '../../api/column.ts';
import type { Column } from '../../api/definition.ts';

type AnyEvent = CoreV1Event & EventsV1Event;

export function eventColumns(): readonly Column[] {
  const first = (event: AnyEvent) => event.firstTimestamp ?? event.deprecatedFirstTimestamp ?? event.eventTime;
  const last = (event: AnyEvent) =>
    event.series?.lastObservedTime ?? event.lastTimestamp ?? event.deprecatedLastTimestamp ?? first(event);
  const subject = (event: AnyEvent) => event.involvedObject ?? event.regarding;
  return [
    text<AnyEvent>('Last Seen', (event, now) => ageOf(last(event), now)),
    text<AnyEvent>('Type', ({ type }) => type),
    text<AnyEvent>('Reason', ({ reason }) => reason),
    text<AnyEvent>('Object', (event) => {
      const { kind = '', name } = subject(event) ?? {};
      return name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase();
    }),
    wide(text<AnyEvent>('Subobject', (event) => subject(event)?.fieldPath ?? '')),
    wide(text<AnyEvent>('Source', eventSource)),
    text<AnyEvent>('Message', ({ message, note }) => (message ?? note ?? '').trim()),
    wide(text<AnyEvent>('First Seen', (event, now) => ageOf(first(event), now))),
    wide(
      integer<AnyEvent>(
        'Count',
        ({ series, count, deprecatedCount }) => series?.count ?? (count || deprecatedCount || 1),
      ),
    ),
    wide(nameColumn),
  ];
}

function eventSource(event: AnyEvent): string {
  const source = event.source ?? event.deprecatedSource;
  const component = source?.component || event.reportingComponent || event.reportingController || '';
  const instance = source?.host || event.reportingInstance || '';
  return instance ? `${component}, ${instance}` : component;
}
