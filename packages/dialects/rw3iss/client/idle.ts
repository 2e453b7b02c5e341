/** Signs out who is not there any more. Only a browser can tell: elsewhere nothing is watched. */
interface Page {
  addEventListener(type: string, listener: () => void, options: { passive: true }): void;
  removeEventListener(type: string, listener: () => void): void;
}

const signs = ['pointerdown', 'pointermove', 'keydown', 'scroll', 'wheel', 'touchstart'];

/** Calls back after so many milliseconds without a sign of the user; returns what ends it. */
export const watchIdle = (milliseconds: number, onIdle: () => void): (() => void) => {
  const { window: page } = globalThis as unknown as { window?: Page };
  if (milliseconds <= 0 || !page?.addEventListener) return () => {};
  let lastSign = Date.now();
  let timer: ReturnType<typeof setTimeout>;
  // One timer, set again when it ends: a moving pointer would make thousands.
  const watch = (delay: number) => {
    timer = setTimeout(() => {
      const left = lastSign + milliseconds - Date.now();
      if (left <= 0) {
        lastSign = Date.now();
        onIdle();
      }
      watch(left > 0 ? left : milliseconds);
    }, delay);
  };
  const onSign = () => {
    lastSign = Date.now();
  };
  for (const sign of signs) page.addEventListener(sign, onSign, { passive: true });
  watch(milliseconds);
  return () => {
    clearTimeout(timer);
    for (const sign of signs) page.removeEventListener(sign, onSign);
  };
};
