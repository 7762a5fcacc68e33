// What every expression of Kubernetes may use. Source: k8s.io/apiserver, CEL base environment of 1.36.

import { type Environment, environmentOf } from '../check/environment.ts';
import { authorization } from '../libraries/authorizer.ts';
import { jsonPatchKeys, namedFormats } from '../libraries/formats.ts';
import { image } from '../libraries/image.ts';
import { lists } from '../libraries/lists.ts';
import { network } from '../libraries/network.ts';
import { optionals } from '../libraries/optionals.ts';
import { quantity } from '../libraries/quantity.ts';
import { regex } from '../libraries/regex.ts';
import { semver } from '../libraries/semver.ts';
import { standard } from '../libraries/standard.ts';
import { strings } from '../libraries/strings.ts';
import { urls } from '../libraries/urls.ts';

export const kubernetes: Environment = environmentOf([
  ...[standard, strings, lists, optionals, regex, urls, quantity, network, namedFormats, authorization, semver, image],
  jsonPatchKeys,
]);
