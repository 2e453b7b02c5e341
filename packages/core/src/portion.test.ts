import { expect, it } from 'vitest';
import { createPortions } from './portion.ts';

it('grows by doubling as far as it may, while rows are small', () => {
  const portions = createPortions(300, 100_000);
  const read: number[] = [];
  for (let i = 0; i < 5; i++) {
    read.push(portions.rows);
    portions.took(portions.rows, portions.rows * 100);
  }
  expect(read).toEqual([50, 100, 200, 300, 300]);
});

it('shrinks at once to what fits, to no less than a row, and grows again', () => {
  const portions = createPortions(300, 100_000);
  portions.took(50, 50 * 10_000);
  expect(portions.rows).toBe(10);
  portions.took(10, 10 * 200_000);
  expect(portions.rows).toBe(1);
  portions.took(1, 100);
  expect(portions.rows).toBe(2);
  portions.took(0, 0);
  expect(portions.rows).toBe(2);
  portions.took(2, 0);
  expect(portions.rows).toBe(4);
});

it('never begins with more than it may', () => {
  expect(createPortions(20).rows).toBe(20);
});
