// What the labels of a namespace ask of its pods. Source: KEP-2579, "Pod Security Admission Labels for Namespaces".

import { type FieldError, invalidValue } from '../../machinery/field-error.ts';
import { getOwn } from '../../machinery/own.ts';
import type { Level, PolicyVersion } from './pod-security-checks.ts';

export const label = 'pod-security.kubernetes.io';

/** A level, as of a version of Kubernetes. */
export interface Demand {
  readonly level: Level;
  readonly version: PolicyVersion;
}

export interface Demands {
  readonly enforce: Demand;
  readonly audit: Demand;
  readonly warn: Demand;
  /** Labels that cannot be read: what they enforce is then the strictest, what they audit or warn of nothing. */
  readonly problems: readonly FieldError[];
}

const nothing: Demand = { level: 'privileged', version: 'latest' };

/** Labels of a namespace are read once for each of its states. */
const known = new WeakMap<Readonly<Record<string, string>>, Demands>();

export function demandsOf(labels: Readonly<Record<string, string>>): Demands {
  let demands = known.get(labels);
  if (!demands) {
    demands = readDemands(labels);
    known.set(labels, demands);
  }
  return demands;
}

function readDemands(labels: Readonly<Record<string, string>>): Demands {
  const problems: FieldError[] = [];
  const read = (mode: string, unknown: Level): Demand => {
    const level = getOwn(labels, `${label}/${mode}`);
    const version = getOwn(labels, `${label}/${mode}-version`);
    return {
      level: level === undefined ? nothing.level : levelOf(level, `${label}/${mode}`, unknown, problems),
      version: version === undefined ? 'latest' : versionOf(version, `${label}/${mode}-version`, problems),
    };
  };
  const enforce = read('enforce', 'restricted');
  const enforceIsRead = problems.length === 0 || problems.every(({ field }) => !field.includes('/enforce]'));
  const audit = read('audit', 'privileged');
  const saysWarn =
    getOwn(labels, `${label}/warn`) !== undefined || getOwn(labels, `${label}/warn-version`) !== undefined;
  const warn = read('warn', 'privileged');
  // Who enforces and says nothing of warnings is warned of the same: of the templates of pods, which nothing refuses.
  return { enforce, audit, warn: saysWarn || !enforceIsRead ? warn : enforce, problems };
}

/** `baseline:v1.34`, `restricted:latest`. */
export function key({ level, version }: Demand): string {
  return `${level}:${version === 'latest' ? version : `v1.${version}`}`;
}

export function sameDemand(a: Demand, b: Demand): boolean {
  return a.level === b.level && a.version === b.version;
}

function levelOf(text: string, name: string, unknown: Level, problems: FieldError[]): Level {
  if (text === 'privileged' || text === 'baseline' || text === 'restricted') return text;
  problems.push(invalidValue(`metadata.labels[${name}]`, text, 'must be one of privileged, baseline, restricted'));
  return unknown;
}

function versionOf(text: string, name: string, problems: FieldError[]): PolicyVersion {
  if (text === 'latest') return text;
  const minor = /^v1\.(0|[1-9]\d*)$/.exec(text)?.[1];
  if (minor !== undefined) return Number(minor);
  problems.push(invalidValue(`metadata.labels[${name}]`, text, 'must be "latest" or "v1.x"'));
  return 'latest';
}
