/** Messages of a thread in the order of their arrival, to be awaited one by one. */
export class Mailbox<Message> {
  readonly #messages: Message[] = [];
  #wake: (() => void) | undefined;

  readonly put = (message: Message): void => {
    this.#messages.push(message);
    this.#wake?.();
    this.#wake = undefined;
  };

  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  /** The next message, if there is one already. */
  poll(): Message | undefined {
    return this.#messages.shift();
  }

  async take(): Promise<Message> {
    while (this.#messages.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#messages.shift() as Message;
  }
}
