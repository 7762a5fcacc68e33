// PriorityLevelConfigurations.

import type {
  V1ExemptPriorityLevelConfiguration,
  V1LimitedPriorityLevelConfiguration,
  V1LimitResponse,
  V1PriorityLevelConfiguration,
  V1PriorityLevelConfigurationSpec,
  V1QueuingConfiguration,
} from '../../../../generated/kubernetes.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { strategyFor } from '../../strategy.ts';
import { validateTypes } from '../condition-types.ts';
import { mandatoryLevels } from '../mandatory.ts';

export const strategy = strategyFor<V1PriorityLevelConfiguration>({
  generation: true,
  validate({ metadata, spec }) {
    const errors: FieldError[] = [];
    const { type = '', limited, exempt } = spec ?? {};
    if ((metadata?.name === 'exempt') !== (type === 'Exempt'))
      errors.push(invalidValue('spec.type', type, "type must be 'Exempt' if and only if name is 'exempt'"));
    if (type === 'Exempt') {
      if (limited) errors.push(forbiddenField('spec.limited', 'must be nil if the type is not Limited'));
      if (exempt) errors.push(...validateShares(exempt, 'spec.exempt'));
    } else if (type === 'Limited') {
      if (exempt) errors.push(forbiddenField('spec.exempt', 'must be nil if the type is Limited'));
      if (limited) errors.push(...validateLimited(limited, 'spec.limited'));
      else errors.push(required('spec.limited', 'must not be empty when type is Limited'));
    } else errors.push(notSupported('spec.type', type, ['Exempt', 'Limited']));
    return [...errors, ...validateMandatory(metadata?.name ?? '', spec)];
  },
  validateStatus: ({ status }) => validateTypes(status?.conditions ?? []),
});

/** Of `exempt` its shares alone may change. */
function validateMandatory(name: string, spec: V1PriorityLevelConfigurationSpec | undefined): FieldError[] {
  const fixed = mandatoryLevels.get(name);
  if (!fixed) return [];
  if (name === 'exempt')
    return semanticEqual({ ...spec, exempt: fixed.exempt }, fixed)
      ? []
      : [invalidValue('spec', spec, "spec of 'exempt' except the 'spec.exempt' field must equal the fixed value")];
  return semanticEqual(spec, fixed) ? [] : [invalidValue('spec', spec, `spec of '${name}' must equal the fixed value`)];
}

function validateShares(
  { nominalConcurrencyShares: shares, lendablePercent: lendable }: V1ExemptPriorityLevelConfiguration,
  path: string,
): FieldError[] {
  return [...validateNominal(shares, path), ...validateLendable(lendable, path)];
}

function validateNominal(shares: number | undefined, path: string): FieldError[] {
  return shares !== undefined && shares < 0
    ? [invalidValue(`${path}.nominalConcurrencyShares`, shares, 'must be a non-negative integer')]
    : [];
}

function validateLendable(lendable: number | undefined, path: string): FieldError[] {
  return lendable !== undefined && (lendable < 0 || lendable > 100)
    ? [invalidValue(`${path}.lendablePercent`, lendable, 'must be between 0 and 100, inclusive')]
    : [];
}

function validateLimited(limited: V1LimitedPriorityLevelConfiguration, path: string): FieldError[] {
  const errors = validateNominal(limited.nominalConcurrencyShares, path);
  errors.push(...validateResponse(limited.limitResponse, `${path}.limitResponse`));
  errors.push(...validateLendable(limited.lendablePercent, path));
  const { borrowingLimitPercent: borrowing } = limited;
  if (borrowing !== undefined && borrowing < 0)
    errors.push(
      invalidValue(`${path}.borrowingLimitPercent`, borrowing, 'if specified, must be a non-negative integer'),
    );
  return errors;
}

function validateResponse(response: V1LimitResponse | undefined, path: string): FieldError[] {
  const { type = '', queuing } = response ?? {};
  if (type === 'Reject')
    return queuing
      ? [forbiddenField(`${path}.queuing`, 'must be nil if limited.limitResponse.type is not Limited')]
      : [];
  if (type !== 'Queue') return [notSupported(`${path}.type`, type, ['Queue', 'Reject'])];
  return queuing
    ? validateQueuing(queuing, `${path}.queuing`)
    : [required(`${path}.queuing`, 'must not be empty if limited.limitResponse.type is Limited')];
}

const mostQueues = 10_000_000;
/** What a hash of a flow has to deal its hand of queues with. */
const hashBits = 60;

function validateQueuing(
  { queues = 0, handSize = 0, queueLengthLimit = 0 }: V1QueuingConfiguration,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (queueLengthLimit <= 0)
    errors.push(invalidValue(`${path}.queueLengthLimit`, queueLengthLimit, 'must be positive'));
  if (queues <= 0) errors.push(invalidValue(`${path}.queues`, queues, 'must be positive'));
  else if (queues > mostQueues)
    errors.push(invalidValue(`${path}.queues`, queues, `must not be greater than ${mostQueues}`));
  const at = `${path}.handSize`;
  if (handSize <= 0) errors.push(invalidValue(at, handSize, 'must be positive'));
  else if (handSize > queues) errors.push(invalidValue(at, handSize, `should not be greater than queues (${queues})`));
  else if (entropyBits(queues, handSize) > hashBits)
    errors.push(
      invalidValue(
        at,
        handSize,
        `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${hashBits}`,
      ),
    );
  return errors;
}

/** That dealing a hand out of a deck takes. */
function entropyBits(deck: number, hand: number): number {
  return Math.ceil(Math.log2(deck) * hand);
}
