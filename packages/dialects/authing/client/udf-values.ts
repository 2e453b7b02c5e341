/** The values that one kind of thing, users or roles, has in its user-defined fields. */
import type { UdfTargetType } from './enums.ts';
import { AuthingError } from './errors.ts';
import type { CommonMessage, UserDefinedData } from './models.ts';
import { operations } from './operations.ts';
import { itemsOf, needItems, objectOf } from './udf.ts';
import { need, type Wire } from './wire.ts';

/** key → value; a Date is written as its instant. */
export type UdfValues = Readonly<Record<string, unknown>>;

/** @throws AuthingError unless the message says that all went well */
export const expectSuccess = (message: CommonMessage | null): void => {
  if (typeof message?.code !== 'number' || message.code === 200) return;
  throw new AuthingError(message.message, { code: message.code });
};

export const udfValuesOf = (wire: Wire, targetType: UdfTargetType) => ({
  /** key → value: text, number, boolean, object or Date; null for none. */
  get: async (targetId: string): Promise<Record<string, unknown>> =>
    objectOf(await wire.ask(operations.udv, { targetType, targetId: need(targetId, 'id') })),

  getBatch: async (targetIds: readonly string[]): Promise<Record<string, Record<string, unknown>>> => {
    const found = await wire.ask(operations.udfValueBatch, { targetType, targetIds: needItems(targetIds, 'ids') });
    return Object.fromEntries(found.map(({ targetId, data }) => [targetId, objectOf(data)]));
  },

  set: async (targetId: string, data: UdfValues): Promise<UserDefinedData[]> => {
    const udvList = needItems(itemsOf(data), 'data');
    return wire.ask(operations.setUdvBatch, { targetType, targetId: need(targetId, 'id'), udvList });
  },

  setBatch: async (entries: readonly { readonly targetId: string; readonly data: UdfValues }[]): Promise<void> => {
    const input = needItems(entries, 'input').flatMap(({ targetId, data }) =>
      itemsOf(data).map((item) => ({ targetId: need(targetId, 'id'), ...item })),
    );
    expectSuccess(await wire.ask(operations.setUdfValueBatch, { targetType, input }));
  },

  remove: async (targetId: string, key: string): Promise<void> => {
    const variables = { targetType, targetId: need(targetId, 'id'), key: need(key, 'key') };
    await wire.ask(operations.removeUdv, variables);
  },
});
