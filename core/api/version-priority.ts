// Which version of a group clients should prefer. Source: CustomResourceDefinition versioning, "Version priority".

import { getOwn } from '../machinery/own.ts';

/** Orders versions, the preferred first: v2, v1, v2beta1, v1beta2, v1alpha1, then anything else by name. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  if (!left || !right) return left ? -1 : right ? 1 : a < b ? -1 : a > b ? 1 : 0;
  return right.stage - left.stage || right.major - left.major || right.minor - left.minor;
}

const pattern = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/;
const stages: Readonly<Record<string, number>> = { alpha: 0, beta: 1 };

function parse(version: string) {
  const match = pattern.exec(version);
  if (!match) return undefined;
  const [, major, stage, minor] = match;
  return { major: Number(major), stage: stage ? getOwn(stages, stage)! : 2, minor: Number(minor ?? 0) };
}
