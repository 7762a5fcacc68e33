// What looks at pods, and at what pods are made of: loaded before the first write of one of these.

import { limitRanger } from './limit-ranger.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { podSecurity } from './pod-security.ts';
import { priority } from './priority.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';
import { defaultTolerationSeconds } from './small-defaults.ts';

export const beforeNodeRestriction: readonly AdmissionPlugin[] = [limitRanger, serviceAccount];

export const afterNodeRestriction: readonly AdmissionPlugin[] = [
  podSecurity,
  priority,
  defaultTolerationSeconds,
  runtimeClass,
];
