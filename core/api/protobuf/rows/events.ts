// Field numbers of the messages of events v1; the notation is explained in ../message-rows.ts.

import type { MessageRows } from '../message-rows.ts';

export const events: MessageRows = {
  Event:
    'metadata!=1:meta.v1.ObjectMeta eventTime!=2:microtime series=3:*EventSeries reportingController=4:string reportingInstance=5:string action=6:string reason=7:string regarding=8:core.v1.ObjectReference related=9:*core.v1.ObjectReference note=10:string type=11:string deprecatedSource=12:core.v1.EventSource deprecatedFirstTimestamp=13:time deprecatedLastTimestamp=14:time deprecatedCount=15:int',
  EventSeries: 'count!=1:int lastObservedTime!=2:microtime',
};
