// Protobuf field numbers of the built-in types, one row a message: `field=number:type`, apart by spaces.
// Source: the `protobuf` tags of k8s.io/api v0.36, whose numbers never change.
//
// After the field's JSON name: `!` = JSON always has it (no omitempty). No name = a message whose fields stand in the outer one.
// Types: string, bool, int, double, bytes, extra (a list of strings in a message of its own), time, microtime, duration,
// quantity, intstr, json, or a message (with its package where that is another). `*` = may be absent, so that zero means zero;
// `[]` = a list, `{}` = a map by string.

import { admissionregistration } from './rows/admissionregistration.ts';
import { apps } from './rows/apps.ts';
import { authentication } from './rows/authentication.ts';
import { authorization } from './rows/authorization.ts';
import { autoscaling } from './rows/autoscaling.ts';
import { autoscalingV2 } from './rows/autoscaling-v2.ts';
import { batch } from './rows/batch.ts';
import { certificates } from './rows/certificates.ts';
import { coordination } from './rows/coordination.ts';
import { core } from './rows/core.ts';
import { discovery } from './rows/discovery.ts';
import { events } from './rows/events.ts';
import { flowcontrol } from './rows/flowcontrol.ts';
import { meta } from './rows/meta.ts';
import { networking } from './rows/networking.ts';
import { node } from './rows/node.ts';
import { policy } from './rows/policy.ts';
import { rbac } from './rows/rbac.ts';
import { resource } from './rows/resource.ts';
import { scheduling } from './rows/scheduling.ts';
import { storage } from './rows/storage.ts';

/** Message -> its fields. */
export type MessageRows = Readonly<Record<string, string>>;

/** Package -> messages. */
export const messageRows: Readonly<Record<string, MessageRows>> = {
  'admissionregistration.v1': admissionregistration,
  'apps.v1': apps,
  'authentication.v1': authentication,
  'authorization.v1': authorization,
  'autoscaling.v1': autoscaling,
  'autoscaling.v2': autoscalingV2,
  'batch.v1': batch,
  'certificates.v1': certificates,
  'coordination.v1': coordination,
  'core.v1': core,
  'discovery.v1': discovery,
  'events.v1': events,
  'flowcontrol.v1': flowcontrol,
  'meta.v1': meta,
  'networking.v1': networking,
  'node.v1': node,
  'policy.v1': policy,
  'rbac.v1': rbac,
  'resource.v1': resource,
  'scheduling.v1': scheduling,
  'storage.v1': storage,
};
