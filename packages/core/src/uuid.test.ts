import { describe, expect, it } from 'vitest';
import { newId } from './id.ts';
import { idOfUuid, isUuid, uuidOf } from './uuid.ts';

describe('ids as UUIDs', () => {
  it('come back as they were', () => {
    for (let i = 0; i < 1000; i++) {
      const id = newId('usr', Date.now() + i * 1_000_003);
      expect(isUuid(uuidOf(id))).toBe(true);
      expect(idOfUuid('usr', uuidOf(id))).toBe(id);
      expect(idOfUuid('usr', uuidOf(id).toUpperCase())).toBe(id);
    }
    expect(uuidOf('usr_7ZZZZZZZZZZZZZZZZZZZZZZZZZ')).toBe('ffffffff-ffff-ffff-ffff-ffffffffffff');
    expect(idOfUuid('usr', '00000000-0000-0000-0000-000000000001')).toBe('usr_00000000000000000000000001');
  });
  it('rise with their ids', () => {
    const ids = [newId('app', 1), newId('app', 1_000_000), newId('app', Date.now()), newId('app', Date.now())];
    expect(ids.map(uuidOf).toSorted()).toEqual(ids.map(uuidOf));
  });
  it('of another form name nothing, and ids stay ids of their kind', () => {
    expect(idOfUuid('usr', 'usr_00000000000000000000000001')).toBe('usr_00000000000000000000000001');
    for (const text of ['', 'me', 'app_00000000000000000000000001', '00000000-0000-0000-0000-00000000000g'])
      expect(idOfUuid('usr', text)).toBe('');
  });
});
