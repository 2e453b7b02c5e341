/** Definitions of user-defined fields, and the values of any kind of thing: `managementClient.udf`. */
import type { UdfDataType, UdfTargetType } from './enums.ts';
import type { CommonMessage, DecodedUserDefinedData, UserDefinedField } from './models.ts';
import { operations } from './operations.ts';
import { decoded, itemOf, type UdfItem } from './udf.ts';
import { need, type Wire } from './wire.ts';

const read = (items: readonly UdfItem[] | null): DecodedUserDefinedData[] =>
  (items ?? []).map((item) => ({ ...item, value: decoded(item) }) as DecodedUserDefinedData);

export const udfOf = (wire: Wire) => ({
  /**
   * Defines a field, or changes its definition.
   *
   * @param options what a SELECT may be: JSON text, or what becomes it
   */
  set: async (
    targetType: UdfTargetType,
    key: string,
    dataType: UdfDataType,
    label: string,
    options?: unknown,
  ): Promise<UserDefinedField> => {
    const text = options === undefined || typeof options === 'string' ? options : JSON.stringify(options);
    return wire.ask(operations.setUdf, { targetType, key: need(key, 'key'), dataType, label, options: text });
  },

  remove: async (targetType: UdfTargetType, key: string): Promise<CommonMessage> =>
    wire.ask(operations.removeUdf, { targetType, key: need(key, 'key') }),

  list: async (targetType: UdfTargetType): Promise<UserDefinedField[]> => wire.ask(operations.udf, { targetType }),

  listUdv: async (targetType: UdfTargetType, targetId: string): Promise<DecodedUserDefinedData[]> =>
    read(await wire.ask(operations.udv, { targetType, targetId: need(targetId, 'targetId') })),

  setUdvBatch: async (
    targetType: UdfTargetType,
    targetId: string,
    udvList: readonly { readonly key: string; readonly value?: unknown }[],
  ): Promise<DecodedUserDefinedData[]> => {
    const items = udvList.map(({ key, value }) => itemOf(key, value));
    const variables = { targetType, targetId: need(targetId, 'targetId'), udvList: items };
    return read(await wire.ask(operations.setUdvBatch, variables));
  },
});

export type UdfManagementClient = ReturnType<typeof udfOf>;
