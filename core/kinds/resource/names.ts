// Names in the API of devices: of pools, of attributes and capacities, and what is told of values under a rule of names.

import { type FieldError, invalidValue, required, tooLong } from '../../machinery/field-error.ts';
import { cIdentifier, dns1123Label, dns1123Subdomain, labelValueErrors } from '../../machinery/names.ts';
import { validateDriverName } from '../storage/driver-name.ts';

const longest = { pool: 253, identifier: 32, domain: 63 } as const;
/** Of the domain and identifier of an attribute. */
export const longestQualifiedName: number = longest.domain + 1 + longest.identifier;

export function validateLabelName(name: string | undefined, path: string): FieldError[] {
  return dns1123Label(name).map((message) => invalidValue(path, name ?? '', message));
}

export function validateLabelValue(value: string | undefined, path: string): FieldError[] {
  return labelValueErrors(value).map((message) => invalidValue(path, value ?? '', message));
}

/** Segments of a path, each a domain: drivers name pools after nodes. */
export function validatePoolName(name: string | undefined, path: string): FieldError[] {
  if (!name) return [required(path)];
  const errors = Buffer.byteLength(name) > longest.pool ? [tooLong(path, longest.pool)] : [];
  for (const part of name.split('/'))
    for (const message of dns1123Subdomain(part)) errors.push(invalidValue(path, part, message));
  return errors;
}

/** An identifier, in the driver's domain or that which it names. */
export function validateQualifiedName(name: string, path: string): FieldError[] {
  const [first = '', second, ...more] = name.split('/');
  if (more.length > 0) return [invalidValue(path, name, 'must not contain more than one slash')];
  if (second === undefined) return validateIdentifier(first, path);
  return [
    ...(first ? validateDriverName(first, path) : [invalidValue(path, '', 'the domain must not be empty')]),
    ...(second ? validateIdentifier(second, path) : [invalidValue(path, '', 'the name must not be empty')]),
  ];
}

export function validateFullyQualifiedName(name: string, path: string): FieldError[] {
  const errors = validateQualifiedName(name, path);
  if (!name.includes('/'))
    errors.push(invalidValue(path, name, 'a fully qualified name must be a domain and a name separated by a slash'));
  return errors;
}

/** Of a share of a device: a UUID in its usual form. */
export function validateShareId(id: string | undefined, path: string): FieldError[] {
  if (id === undefined || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return [];
  return [
    invalidValue(
      path,
      id,
      'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters',
    ),
  ];
}

function validateIdentifier(id: string, path: string): FieldError[] {
  const errors = Buffer.byteLength(id) > longest.identifier ? [tooLong(path, longest.identifier)] : [];
  return [...errors, ...cIdentifier(id).map((message) => invalidValue(path, id, message))];
}
