// Our own client, as functions open it.

import { createJsonService } from '../../../core/signature/json-service.ts';
import { serviceCalls } from '../../../core/store/dynamodb/calls.ts';

export const calls = serviceCalls(createJsonService({ service: 'dynamodb', env: process.env, answerMs: 4000 }));
