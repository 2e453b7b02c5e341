/** The version of the server, as its package says it (a test compares them). */
export const VERSION = '0.1.0';
