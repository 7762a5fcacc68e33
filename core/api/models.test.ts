import { expect, it } from 'vitest';
import { modelsText } from '../../generated/models.ts';
import { parseJson } from '../machinery/json.ts';
import { modelRows } from './models.ts';

it('models hold no number that has to be read with care', () => {
  expect(modelRows()).toEqual(parseJson(modelsText));
});
