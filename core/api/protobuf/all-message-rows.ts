// The rows of every group, by apiVersion (message-rows.ts explains them).

import type { MessageRows } from './message-rows.ts';
import { admissionregistration } from './rows/admissionregistration.ts';
import { apiextensions } from './rows/apiextensions.ts';
import { apiregistration } from './rows/apiregistration.ts';
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

/** apiVersion -> messages. */
export const messageRows: Readonly<Record<string, MessageRows>> = {
  v1: core,
  'admissionregistration.k8s.io/v1': admissionregistration,
  'apiextensions.k8s.io/v1': apiextensions,
  'apiregistration.k8s.io/v1': apiregistration,
  'apps/v1': apps,
  'authentication.k8s.io/v1': authentication,
  'authorization.k8s.io/v1': authorization,
  'autoscaling/v1': autoscaling,
  'autoscaling/v2': autoscalingV2,
  'batch/v1': batch,
  'certificates.k8s.io/v1': certificates,
  'coordination.k8s.io/v1': coordination,
  'discovery.k8s.io/v1': discovery,
  'events.k8s.io/v1': events,
  'flowcontrol.apiserver.k8s.io/v1': flowcontrol,
  'meta.k8s.io/v1': meta,
  'networking.k8s.io/v1': networking,
  'node.k8s.io/v1': node,
  'policy/v1': policy,
  'rbac.authorization.k8s.io/v1': rbac,
  'resource.k8s.io/v1': resource,
  'scheduling.k8s.io/v1': scheduling,
  'storage.k8s.io/v1': storage,
};
