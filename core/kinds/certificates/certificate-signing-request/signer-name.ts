// Names of signers: a domain and a path in it.

import { type FieldError, invalidValue, required, tooLong } from '../../../machinery/field-error.ts';
import { dns1123Label, dns1123Subdomain } from '../../../machinery/names.ts';

const longestDomain = 253;
/** A label, a dot and a subdomain: the path of one names a namespace and something in it. */
const longestName = longestDomain + 1 + longestDomain + 1 + 63;
/** Of v1beta1, which nobody could tell apart. */
const legacy = 'kubernetes.io/legacy-unknown';

export function validateSignerName(name: string, path: string): FieldError[] {
  if (name === legacy) return [invalidValue(path, name, 'the legacy signerName is not allowed via this API version')];
  const errors = name ? [] : [required(path)];
  const [domain = '', rest, ...more] = name.split('/');
  if (rest === undefined || more.length > 0)
    return [
      ...errors,
      invalidValue(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'"),
    ];
  if (Buffer.byteLength(domain) > longestDomain) errors.push(tooLong(path, longestDomain));
  errors.push(...firstFault(domain, dns1123Label, path));
  if (!domain.includes('.'))
    errors.push(invalidValue(path, domain, 'should be a domain with at least two segments separated by dots'));
  errors.push(...firstFault(rest, dns1123Subdomain, path));
  if (Buffer.byteLength(name) > longestName) errors.push(tooLong(path, longestName));
  return errors;
}

/** Of the first part that is wrong: the others would say the same. */
function firstFault(text: string, rule: (part: string) => string[], path: string): FieldError[] {
  const part = text.split('.').find((each) => rule(each).length > 0);
  return part === undefined
    ? []
    : rule(part).map((message) => invalidValue(path, text, `validating label ${JSON.stringify(part)}: ${message}`));
}
