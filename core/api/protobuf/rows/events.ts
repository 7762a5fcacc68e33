// Field numbers of the messages of events.k8s.io/v1; the notation is explained in ../message-rows.ts.

import type { MessageRows } from '../message-rows.ts';

export const events: MessageRows = {
  Event:
    'metadata!=1:meta.ObjectMeta eventTime!=2:microtime series=3:*EventSeries reportingController=4:string reportingInstance=5:string action=6:string reason=7:string regarding=8:core.ObjectReference related=9:*core.ObjectReference note=10:string type=11:string deprecatedSource=12:core.EventSource deprecatedFirstTimestamp=13:time deprecatedLastTimestamp=14:time deprecatedCount=15:int',
  EventSeries: 'count!=1:int lastObservedTime!=2:microtime',
};
