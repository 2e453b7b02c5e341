/** Pages by number, as this vendor's lists have them. */
import { optional, string } from '@reeve/contract';

const lenient = optional(string({ maxLength: 1024 }));
export const pageQuery = { page: lenient, page_size: lenient } as const;

export interface Page {
  /** From 1. */
  readonly page: number;
  readonly page_size: number;
}

/** What is no positive number falls back to the default; D14: the size is bound. */
export function pageFrom(
  { page, page_size }: { readonly page?: string; readonly page_size?: string },
  { size, most }: { readonly size: number; readonly most: number },
): Page {
  return { page: numberFrom(page, 1), page_size: Math.min(numberFrom(page_size, size), most) };
}

const numberFrom = (text: string | undefined, fallback: number): number => {
  const number = /^\d{1,9}$/.test(text ?? '') ? Number(text) : 0;
  return number > 0 ? number : fallback;
};

export const sliceOf = ({ page, page_size }: Page) => ({ offset: (page - 1) * page_size, limit: page_size });
